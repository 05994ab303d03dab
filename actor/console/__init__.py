"""The console: pages for people at the actor's `/`, one file each in `pages`; a GET never acts."""
