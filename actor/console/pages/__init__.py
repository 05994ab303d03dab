"""The console's pages: one file each, with a template of the same name in `templates`."""
