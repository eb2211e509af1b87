"""Between the contract's messages and the model; pure.

Orders' own contract carries decimals as text, the engine's carries integers.
"""
