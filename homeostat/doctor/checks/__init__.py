"""What the doctor looks at: each module holds one CHECK."""
