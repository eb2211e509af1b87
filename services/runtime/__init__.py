"""The plumbing of every service: process skeleton, gRPC, stores, brokers, telemetry. No rule of the trade is here."""
