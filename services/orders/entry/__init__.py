"""The fast path of order entry: one stream, one session, batches that C++ reads and writes.

Serves `exchange.orders.v1.OrderEntryService`. No message of a batch becomes a Python object: bytes go through the codec
to the engine and back. Only what is refused is put into words here, by the parts that answer the calls for one request,
so that both say the same.
"""
