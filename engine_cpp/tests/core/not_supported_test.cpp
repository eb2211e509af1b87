// Every rule that the contract can say and the core does not act on yet, by the name that docs/reference/engine_rules.md
// marks it with. One that becomes real leaves this list; tests/tidy holds the two lists together.
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class NotSupportedTest : public Venue {
 protected:
  void refused(const char* rule, const std::string& command) {
    const Outcome outcome = submit(command);
    EXPECT_EQ(outcome.reason(), Reason::kNotSupported) << rule;
    EXPECT_TRUE(outcome.events.empty()) << rule;
  }
};

TEST_F(NotSupportedTest, PeggedOrdersTogether) {
  PlaceOrder pegged = limit(kAlice, Side::kBuy, 10'000, 100);
  pegged.type = OrderType::kPegged;
  const SpecialTerms terms{.peg_reference = PegReference::kPrimary};
  pegged.special = &terms;
  const std::vector<PlaceOrder> orders = {pegged};
  refused("PEGGED_TOGETHER", encode(PlaceOrders{.orders = orders}));
}

TEST_F(NotSupportedTest, MarginInstruments) {
  InstrumentDefinition delivered = eth_btc();
  delivered.terms.kind = InstrumentKind::kFuture;
  delivered.terms.settlement_method = SettlementMethod::kPhysical;
  refused("PHYSICAL_DELIVERY", encode(delivered));
}

TEST_F(NotSupportedTest, WhatComesAfterTheTrade) {
  InstrumentDefinition late = halted();
  late.instrument_id = 40;
  late.symbol = "LATE";
  late.terms.kind = InstrumentKind::kSecurity;
  late.terms.delayed_settlement = true;
  refused("DELAYED_SETTLEMENT", encode(late));
  const BustedTrade trade{.trade_id = 1,
                          .maker_account_id = kAlice,
                          .taker_account_id = kBob,
                          .price = 10'000,
                          .quantity = 100,
                          .value_time_ns = now_ns_ + kDay,
                          .instrument_id = kBtcKk99,
                          .taker_side = Side::kBuy};
  refused("BUST", encode(BustTrade{&trade}));
}

}  // namespace
}  // namespace exchange::engine::testing
