"""Orders, fills and instruments as integers at each instrument's fixed scale, and what is asked of them."""
