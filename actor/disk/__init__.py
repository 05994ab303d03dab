"""What the deeds do to disks: files by descriptor, what they free, quarantine, and the one undo."""
