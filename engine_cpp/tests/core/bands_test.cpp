// How far from a known price an order may go: the static band at entry, the dynamic one while it trades.
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class BandTest : public Venue {
 protected:
  void set_bands(std::uint32_t static_bps, std::uint32_t dynamic_bps) {
    InstrumentDefinition banded = btc_kk99();
    banded.market_protection_bps = 1'000;
    banded.terms.static_band_bps = static_bps;
    banded.terms.dynamic_band_bps = dynamic_bps;
    ASSERT_EQ(submit(UpdateInstrument{&banded}).reason(), Reason::kNone);
  }
  void state_reference(std::int64_t price) {
    const SetMarkPrice command{.instrument_id = kBtcKk99, .has_reference_price = true, .reference_price = price};
    ASSERT_EQ(submit(command).reason(), Reason::kNone);
  }
  // Makes `price` the last one, and leaves the book as it was.
  void trade_at(std::int64_t price) {
    submit(limit(kAlice, Side::kSell, price, 100));
    submit(limit(kBob, Side::kBuy, price, 100));
  }
  Reason enter(Side side, std::int64_t price) { return submit(limit(kAlice, side, price, 1'000)).reason(); }
};

TEST_F(BandTest, ALimitBeyondTheStaticBandOnItsAggressiveSideIsRefused) {
  set_bands(100, 0);
  EXPECT_EQ(enter(Side::kBuy, 20'000), Reason::kNone);  // there is no reference yet
  state_reference(10'002);                              // 9,901.98 to 10,102.02
  EXPECT_EQ(enter(Side::kBuy, 10'105), Reason::kPriceBand);
  EXPECT_EQ(enter(Side::kBuy, 10'100), Reason::kNone);
  EXPECT_EQ(enter(Side::kBuy, 1'500), Reason::kNone);
  EXPECT_EQ(enter(Side::kSell, 9'900), Reason::kPriceBand);
  EXPECT_EQ(enter(Side::kSell, 25'000), Reason::kNone);
}

TEST_F(BandTest, AnAmendIsJudgedAsAnEntryUnlessItKeepsItsPlace) {
  set_bands(100, 0);
  const std::uint64_t resting = submit(limit(kAlice, Side::kBuy, 10'000, 1'000)).order().order_id;
  state_reference(9'000);
  AmendOrder amend{.account_id = kAlice, .order_id = resting, .quantity = 900, .valid_until_ns = now_ns_ + kMinute};
  amend.size = AmendSize::kTotal;
  EXPECT_EQ(submit(amend).reason(), Reason::kNone);
  amend.quantity = 2'000;
  EXPECT_EQ(submit(amend).reason(), Reason::kPriceBand);
  amend.has_price = true;
  amend.price = 9'090;
  EXPECT_EQ(submit(amend).reason(), Reason::kNone);
}

TEST_F(BandTest, AMarketOrderIsHeldAtTheStaticBandAndTradesNoFurther) {
  set_bands(100, 0);
  state_reference(10'000);
  submit(limit(kAlice, Side::kSell, 10'100, 1'000));
  submit(limit(kAlice, Side::kSell, 10'105, 1'000));
  const Outcome outcome = submit(market(kBob, Side::kBuy, 2'000));
  EXPECT_EQ(outcome.all<BalanceChangeView>().at(0).held, 20'200'000 + 20'200 + 1);  // 2,000 at 10,100, its fee, a unit
  EXPECT_EQ(outcome.order().cum_quantity, 1'000);
  EXPECT_EQ(outcome.order().end_reason, EndReason::kMarketRemainder);
  EXPECT_EQ(balance(kBob, kKk99).held, 0);
}

TEST_F(BandTest, TheDynamicBandStopsAnImmediateOrder) {
  set_bands(0, 50);
  submit(limit(kAlice, Side::kSell, 10'000, 1'000));
  submit(limit(kAlice, Side::kSell, 10'050, 1'000));
  submit(limit(kAlice, Side::kSell, 10'055, 1'000));
  EXPECT_EQ(submit(market(kBob, Side::kBuy, 100)).order().cum_quantity, 100);  // nothing has traded before: no band
  const Outcome outcome = submit(market(kBob, Side::kBuy, 2'500));
  EXPECT_EQ(outcome.order().cum_quantity, 1'900);
  EXPECT_EQ(outcome.order().status, OrderStatus::kExpired);
  EXPECT_EQ(outcome.order().end_reason, EndReason::kPriceBand);
  PlaceOrder ioc = limit(kBob, Side::kBuy, 10'055, 100);
  ioc.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(submit(ioc).order().cum_quantity, 100);  // the last price is 10,050 now
}

TEST_F(BandTest, WhatTheBandDidNotStopEndsAsAlways) {
  set_bands(0, 50);
  trade_at(10'000);
  submit(limit(kAlice, Side::kSell, 10'000, 1'000));
  PlaceOrder ioc = limit(kBob, Side::kBuy, 11'000, 2'000);
  ioc.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(submit(ioc).order().end_reason, EndReason::kIocRemainder);
}

TEST_F(BandTest, ALimitRestsOnlyInsideTheDynamicBand) {
  set_bands(0, 50);
  trade_at(10'000);
  submit(limit(kAlice, Side::kSell, 10'000, 1'000));
  const Outcome beyond = submit(limit(kBob, Side::kBuy, 10'055, 1'500));
  EXPECT_EQ(beyond.order().cum_quantity, 1'000);
  EXPECT_EQ(beyond.order().end_reason, EndReason::kPriceBand);
  const Outcome inside = submit(limit(kBob, Side::kBuy, 10'050, 1'500));
  EXPECT_EQ(inside.order().status, OrderStatus::kNew);
  EXPECT_EQ(submit(limit(kBob, Side::kBuy, 1'000, 10'000)).order().status, OrderStatus::kNew);
}

TEST_F(BandTest, ABandedFillOrKillIsCountedInsideTheBand) {
  set_bands(0, 50);
  trade_at(10'000);
  submit(limit(kAlice, Side::kSell, 10'050, 1'000));
  submit(limit(kAlice, Side::kSell, 10'055, 1'000));
  PlaceOrder fok = limit(kBob, Side::kBuy, 11'000, 1'500);
  fok.time_in_force = TimeInForce::kFok;
  const Outcome killed = submit(fok);
  EXPECT_EQ(killed.order().end_reason, EndReason::kFokNotFillable);
  EXPECT_EQ(killed.order().cum_quantity, 0);
  fok = limit(kBob, Side::kBuy, 11'000, 1'000);
  fok.time_in_force = TimeInForce::kFok;
  EXPECT_EQ(submit(fok).order().status, OrderStatus::kFilled);
}

}  // namespace
}  // namespace exchange::engine::testing
