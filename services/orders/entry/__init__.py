"""The fast path of order entry: one stream, one session, batches that C++ reads and writes.

A process of its own, which keeps nothing and writes no history: what the other has to do of an account's past takes no
time from who trades, and who trades needs no database. Serves `exchange.orders.v1.OrderEntryService`. Calls the engine:
Submit, Events, GetState.

No message of a batch becomes a Python object: bytes go through the codec to the engine and back. Only what is refused
is put into words here, by the parts that answer the calls for one request, so that both say the same.
"""
