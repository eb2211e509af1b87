"""The verbs of wallets, a file each."""
