"""What only the book needs: checked sentences, exercises, its figures' style and its records."""
