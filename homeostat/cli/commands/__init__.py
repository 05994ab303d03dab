"""The operator's commands; each module holds one COMMAND."""
