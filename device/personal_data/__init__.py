"""What the box has written down of its people: erases it, or carries it to another box."""
