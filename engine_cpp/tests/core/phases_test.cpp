// What each phase allows, and what may change of an instrument in it.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class PhaseTest : public Venue {
 protected:
  Outcome enter(TradingPhase phase, AuctionKind kind = AuctionKind::kNone) {
    return submit(SetPhase{kBtcKk99, phase, kind});
  }
  Reason update(const InstrumentDefinition& definition) { return submit(UpdateInstrument{&definition}).reason(); }
};

TEST_F(PhaseTest, AChangeIsToldOnce) {
  const Outcome halt = enter(TradingPhase::kHalt);
  EXPECT_EQ(halt.reason(), Reason::kNone);
  const PhaseChangeView change = halt.all<PhaseChangeView>().at(0);
  EXPECT_EQ(change.instrument_id, kBtcKk99);
  EXPECT_EQ(change.previous, TradingPhase::kContinuous);
  EXPECT_EQ(change.phase, TradingPhase::kHalt);
  EXPECT_TRUE(enter(TradingPhase::kHalt).events.empty());
}

TEST_F(PhaseTest, OnlyAnAuctionHasAKind) {
  EXPECT_EQ(enter(TradingPhase::kHalt, AuctionKind::kOpening).reason(), Reason::kInvalidField);
  EXPECT_EQ(enter(TradingPhase::kAuction).reason(), Reason::kInvalidField);
  EXPECT_EQ(submit(SetPhase{99, TradingPhase::kHalt, AuctionKind::kNone}).reason(), Reason::kUnknownInstrument);
}

TEST_F(PhaseTest, InCancelOnlyAndHaltOrdersAreOnlyCancelled) {
  for (const TradingPhase phase : {TradingPhase::kCancelOnly, TradingPhase::kHalt}) {
    enter(TradingPhase::kContinuous);
    const std::uint64_t resting = submit(limit(kAlice, Side::kBuy, 10'000, 100)).order().order_id;
    enter(phase);
    EXPECT_EQ(submit(limit(kBob, Side::kBuy, 10'000, 100)).reason(), Reason::kPhaseNotAllowed);
    AmendOrder amend{.account_id = kAlice, .order_id = resting, .price = 9'995, .valid_until_ns = now_ns_ + kMinute};
    amend.has_price = true;
    EXPECT_EQ(submit(amend).reason(), Reason::kPhaseNotAllowed);
    EXPECT_EQ(submit(cancel(kAlice, resting)).reason(), Reason::kNone);
  }
}

TEST_F(PhaseTest, InClosedNothingIsAllowed) {
  const std::uint64_t resting = submit(limit(kAlice, Side::kBuy, 10'000, 100)).order().order_id;
  enter(TradingPhase::kClosed);
  EXPECT_EQ(submit(limit(kBob, Side::kBuy, 10'000, 100)).reason(), Reason::kPhaseNotAllowed);
  EXPECT_EQ(submit(cancel(kAlice, resting)).reason(), Reason::kPhaseNotAllowed);
  now_ns_ += 90 * kDay;
  EXPECT_EQ(submit(Tick{}).all<OrderEvent>().at(0).order.view.end_reason, EndReason::kTooOld);
}

TEST_F(PhaseTest, InPostOnlyNothingTakes) {
  submit(limit(kAlice, Side::kSell, 10'000, 100));
  enter(TradingPhase::kPostOnly);
  EXPECT_EQ(submit(limit(kBob, Side::kBuy, 10'000, 100)).reason(), Reason::kPostOnlyWouldCross);
  EXPECT_EQ(submit(market(kBob, Side::kBuy, 100)).reason(), Reason::kPhaseNotAllowed);
  PlaceOrder ioc = limit(kBob, Side::kBuy, 9'000, 100);
  ioc.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(submit(ioc).reason(), Reason::kPhaseNotAllowed);
  const Outcome resting = submit(limit(kBob, Side::kBuy, 9'995, 200));
  EXPECT_EQ(resting.reason(), Reason::kNone);
  AmendOrder amend{.account_id = kBob,
                   .order_id = resting.order().order_id,
                   .price = 10'000,
                   .valid_until_ns = now_ns_ + kMinute};
  amend.has_price = true;
  EXPECT_EQ(submit(amend).reason(), Reason::kPostOnlyWouldCross);
  amend.price = 9'990;
  EXPECT_EQ(submit(amend).reason(), Reason::kNone);
}

TEST_F(PhaseTest, TermsChangeAndAreTold) {
  InstrumentDefinition changed = btc_kk99();
  changed.max_quantity = 500;
  const Outcome outcome = submit(UpdateInstrument{&changed});
  EXPECT_EQ(outcome.reason(), Reason::kNone);
  EXPECT_EQ(outcome.all<InstrumentEvent>().at(0).instrument_id, kBtcKk99);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 510)).reason(), Reason::kQuantityOutOfRange);
  EXPECT_TRUE(submit(UpdateInstrument{&changed}).events.empty());
}

TEST_F(PhaseTest, WhatThePastIsToldInNeverChanges) {
  const auto conflicts = [&](auto change) {
    InstrumentDefinition changed = btc_kk99();
    change(changed);
    return update(changed) == Reason::kInstrumentConflict;
  };
  ASSERT_EQ(submit(encode(eth_btc())).reason(), Reason::kNone);
  EXPECT_TRUE(conflicts([](auto& d) { d.price_scale = 1; }));
  EXPECT_TRUE(conflicts([](auto& d) { d.quantity_scale = 3; }));
  EXPECT_TRUE(conflicts([](auto& d) { d.base = {kEth, "ETH", 9}; }));
  EXPECT_TRUE(conflicts([](auto& d) { d.phase = TradingPhase::kHalt; }));
  EXPECT_TRUE(conflicts([](auto& d) { d.symbol = "ETH-BTC"; }));
  InstrumentDefinition unknown = btc_kk99();
  unknown.instrument_id = 99;
  EXPECT_EQ(update(unknown), Reason::kUnknownInstrument);
  InstrumentDefinition invalid = btc_kk99();
  invalid.lot = 0;
  EXPECT_EQ(update(invalid), Reason::kInstrumentInvalid);
}

TEST_F(PhaseTest, TheGridChangesOnlyWhileClosedAndEmpty) {
  InstrumentDefinition changed = btc_kk99();
  changed.tick = 10;
  EXPECT_EQ(update(changed), Reason::kInstrumentBusy);
  const std::uint64_t resting = submit(limit(kAlice, Side::kBuy, 10'005, 100)).order().order_id;
  enter(TradingPhase::kClosed);
  changed.phase = TradingPhase::kClosed;
  EXPECT_EQ(update(changed), Reason::kInstrumentBusy);
  enter(TradingPhase::kHalt);
  submit(cancel(kAlice, resting));
  enter(TradingPhase::kClosed);
  EXPECT_EQ(update(changed), Reason::kNone);
  enter(TradingPhase::kContinuous);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'005, 100)).reason(), Reason::kPriceNotOnTick);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'010, 100)).reason(), Reason::kNone);
}

TEST_F(PhaseTest, IsSavedWithItsPrices) {
  enter(TradingPhase::kHalt);
  submit(SetMarkPrice{.instrument_id = kBtcKk99, .has_index_price = true, .index_price = 7});
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  EXPECT_EQ(save(core_), saved);
  EXPECT_TRUE(enter(TradingPhase::kHalt).events.empty());
}

using PriceTest = Venue;

TEST_F(PriceTest, WhatIsAbsentStays) {
  const SetMarkPrice first{.instrument_id = kBtcKk99,
                           .has_mark_price = true,
                           .has_reference_price = true,
                           .mark_price = 10'001,
                           .reference_price = 10'002};
  EXPECT_EQ(submit(first).all<MarkPriceEvent>().at(0).prices.mark, 10'001);
  const SetMarkPrice second{.instrument_id = kBtcKk99, .has_index_price = true, .index_price = 10'003};
  const StatedPrices prices = submit(second).all<MarkPriceEvent>().at(0).prices;
  EXPECT_EQ(prices, (StatedPrices{.mark = 10'001, .index = 10'003, .reference = 10'002, .has_mark = true,
                                  .has_index = true, .has_reference = true}));
  EXPECT_TRUE(submit(second).events.empty());
}

TEST_F(PriceTest, WhatIsNoPriceIsRefused) {
  SetMarkPrice command{.instrument_id = kBtcKk99, .has_mark_price = true};
  EXPECT_EQ(submit(command).reason(), Reason::kPriceOutOfRange);
  command.mark_price = INT64_MAX;
  EXPECT_EQ(submit(command).reason(), Reason::kPriceOutOfRange);
  command.instrument_id = 99;
  EXPECT_EQ(submit(command).reason(), Reason::kUnknownInstrument);
}

TEST_F(PriceTest, OnlyAnotherQuoteAssetHasAConversionRate) {
  SetMarkPrice command{.instrument_id = kBtcKk99, .has_conversion_rate = true, .conversion_rate_ppb = 5};
  EXPECT_EQ(submit(command).reason(), Reason::kInvalidField);
  ASSERT_EQ(submit(encode(eth_btc())).reason(), Reason::kNone);
  command.instrument_id = kEthBtc;
  EXPECT_EQ(submit(command).all<MarkPriceEvent>().at(0).prices.conversion_rate_ppb, 5);
  command.conversion_rate_ppb = 0;
  EXPECT_EQ(submit(command).reason(), Reason::kInvalidField);
}

}  // namespace
}  // namespace exchange::engine::testing
