"""What makes an action undoable; each module holds one PROTECTION."""
