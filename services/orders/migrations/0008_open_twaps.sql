-- The open TWAPs of an account, and those that one mass cancel ended: what is asked with each TWAP that is entered, each list of
-- open orders and each mass cancel, over a table that is kept for good.

CREATE INDEX twap_open_ix ON twap (account_id, twap_id DESC) WHERE status IN (1, 2);
CREATE INDEX twap_stopped_ix ON twap (account_id, stop_engine_seq) WHERE stop_engine_seq <> 0;
