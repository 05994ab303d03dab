"""A stack of services as a file: what it wants, in which phases, how it is brought up and taken back as a whole."""
