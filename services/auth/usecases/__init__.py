"""What can be done with auth, a file per verb. Each use case changes the store in one transaction at most."""
