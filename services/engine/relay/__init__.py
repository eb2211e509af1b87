"""The relay: brings the engine's events to Kafka. A process of its own, with health and metrics but no contract.

Follows `exchange.engine.v1.EngineService.Events`; publishes `OrderEvent` to `order-events`, keyed by account number,
and `TradeEvent` to `trade-events`, keyed by the instrument's symbol. Values are in the schema registry's wire format.

1. Each event arrives at least once: the position is stored after the acknowledgement of all replicas in sync. Readers
   drop repeated ones by the header `event_id`, "shard:epoch:engine_seq:index".
2. Events of one key arrive in their order. A key's partition is murmur2(key) mod the number of partitions, Kafka's own
   rule; the number of partitions of a topic never changes.
3. A position that cannot be read ends the start; one that cannot be written stops the publishing until it can be, since
   all that is published beyond it would come again after a restart.
4. Nothing waits for the relay: with Kafka down it stands still, says so in its health and its lag, and catches up.
"""
