"""What every service means by an id, an amount, a moment, a refusal and a page. Standard library only; no I/O."""
