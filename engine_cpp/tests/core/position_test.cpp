// Positions: what trades make of them, what closing them pays, prices below zero, other quote currencies, options.
#include "margin_venue.hpp"

namespace exchange::engine::testing {
namespace {

class PositionTest : public MarginVenue {
 protected:
  const std::uint64_t clearing_ = clearing_account(kOilFuture);
};

TEST_F(PositionTest, ATradeOpensTwoPositionsAndMovesFeesAlone) {
  const Outcome traded = trade(kAlice, kBob, 50, 10);
  ASSERT_EQ(traded.reason(), Reason::kNone);
  EXPECT_EQ(position(kAlice).quantity, 10);
  EXPECT_EQ(position(kAlice).cost, 10 * kContract);
  EXPECT_EQ(position(kBob).quantity, -10);
  EXPECT_EQ(position(kBob).cost, -10 * kContract);
  EXPECT_EQ(money(kAlice), kFundsKk99 - 50'000);
  EXPECT_EQ(money(kBob), kFundsKk99 - 25'000);
  EXPECT_EQ(money(0), 75'000);
  EXPECT_EQ(balance(kAlice, kOil).account_id, 0U);
  const auto changes = traded.all<PositionChangeView>();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].account_id, kAlice);
  EXPECT_EQ(changes[0].kind, PositionChangeKind::kTrade);
  EXPECT_EQ(changes[0].change, 10);
  EXPECT_EQ(changes[1].change, -10);
  EXPECT_EQ(changes[1].trade_id, traded.all<TradeView>().at(0).trade_id);
}

TEST_F(PositionTest, APartialCloseReleasesItsShareTowardZeroAndTheLastTheRest) {
  trade(kAlice, kBob, 50, 2);
  trade(kAlice, kBob, 55, 1);
  ASSERT_EQ(position(kAlice).cost, 15'500'000);
  const std::int64_t before = money(kAlice);
  const Outcome first = trade(kBob, kAlice, 60, 1);
  EXPECT_EQ(first.all<PositionChangeView>().at(1).result, 6'000'000 - 5'166'666);
  EXPECT_EQ(position(kAlice).cost, 10'333'334);
  EXPECT_EQ(money(kAlice), before + 833'334 - 3'000);
  trade(kBob, kAlice, 60, 1);
  EXPECT_EQ(position(kAlice).cost, 5'166'667);
  const Outcome last = trade(kBob, kAlice, 60, 1);
  EXPECT_EQ(last.all<PositionChangeView>().at(1).result, 6'000'000 - 5'166'667);
  EXPECT_EQ(last.all<PositionChangeView>().at(1).realised, 18'000'000 - 15'500'000);
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(money(clearing_), 0);
}

TEST_F(PositionTest, AShortReleasesTowardZeroToo) {
  trade(kBob, kAlice, 50, 2);
  trade(kBob, kAlice, 55, 1);
  const Outcome closed = trade(kAlice, kBob, 50, 1);
  EXPECT_EQ(closed.all<PositionChangeView>().at(0).result, 5'166'666 - 5'000'000);
  EXPECT_EQ(position(kAlice).cost, -10'333'334);
}

TEST_F(PositionTest, ATradeThroughZeroClosesAndOpens) {
  trade(kAlice, kBob, 50, 4);
  const Outcome turned = trade(kCarol, kAlice, 60, 10);
  const PositionChangeView alice = turned.all<PositionChangeView>().at(1);
  EXPECT_EQ(alice.result, 4'000'000);
  EXPECT_EQ(alice.quantity, -6);
  EXPECT_EQ(alice.cost, -36'000'000);
  EXPECT_EQ(money(clearing_), -4'000'000);
  std::vector<BalanceChangeKind> kinds;
  for (const BalanceChangeView& change : turned.all<BalanceChangeView>()) kinds.push_back(change.kind);
  EXPECT_EQ(kinds, (std::vector{BalanceChangeKind::kFee, BalanceChangeKind::kFee, BalanceChangeKind::kResult,
                                BalanceChangeKind::kResult, BalanceChangeKind::kFee, BalanceChangeKind::kFee}));
}

TEST_F(PositionTest, PricesGoBelowZeroAndFeesAreOnTheSize) {
  mark(kOilFuture, -30);
  const Outcome traded = trade(kAlice, kBob, -40, 10);
  ASSERT_EQ(traded.reason(), Reason::kNone);
  EXPECT_EQ(position(kAlice).cost, -40'000'000);
  EXPECT_EQ(money(kAlice), kFundsKk99 - 40'000);
  EXPECT_EQ(traded.all<TradeView>().at(0).price, -40);
  EXPECT_EQ(traded.all<TradeView>().at(0).notional, 40'000'000);
  const Outcome closed = trade(kBob, kAlice, 10, 10);
  EXPECT_EQ(closed.all<PositionChangeView>().at(1).result, 50'000'000);
  submit(oil(kAlice, Side::kSell, -5, 3));
  EXPECT_EQ(submit(oil(kBob, Side::kSell, -10, 3)).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, -10, 3)).order().status, OrderStatus::kFilled);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, -5, 100)).reason(), Reason::kPriceOutOfRange);
}

TEST_F(PositionTest, AStopBelowZeroTriggers) {
  mark(kOilFuture, 5);
  PlaceOrder stop = oil(kAlice, Side::kSell, -20, 1);
  const SpecialTerms terms{.trigger_price = -15, .has_trigger_price = true};
  stop.type = OrderType::kStopLimit;
  stop.special = &terms;
  ASSERT_EQ(submit(stop).reason(), Reason::kNone);
  EXPECT_TRUE(mark(kOilFuture, 0).all<OrderEvent>().empty());
  EXPECT_EQ(mark(kOilFuture, -15).all<OrderEvent>().at(0).cause, OrderUpdateCause::kTriggered);
}

TEST_F(PositionTest, BandsAndProtectionCountTicks) {
  InstrumentDefinition banded = oil_future();
  banded.terms.static_band_bps = 4;
  banded.market_protection_bps = 2;
  ASSERT_EQ(submit(UpdateInstrument{&banded}).reason(), Reason::kNone);
  submit(SetMarkPrice{.instrument_id = kOilFuture, .has_mark_price = true, .has_reference_price = true,
                      .mark_price = 2, .reference_price = 2});
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 25, 1)).reason(), Reason::kPriceBand);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, -20, 1)).reason(), Reason::kPriceBand);
  EXPECT_EQ(submit(oil(kBob, Side::kSell, -10, 1)).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kBob, Side::kSell, 10, 1)).reason(), Reason::kNone);
  const Outcome bought = submit(on(kOilFuture, market(kAlice, Side::kBuy, 2)));
  EXPECT_EQ(bought.order().cum_quantity, 1);  // two ticks above -10 is 0
}

TEST_F(PositionTest, AnotherQuoteCurrencyIsBookedAtTheConversionRate) {
  const auto jpy = [&](std::uint64_t account, Side side, std::int64_t price) {
    return submit(on(kEurJpy, limit(account, side, price, 10'000)));
  };
  jpy(kBob, Side::kSell, 16'000);
  jpy(kAlice, Side::kBuy, 16'000);
  EXPECT_EQ(position(kAlice, kEurJpy).cost, 1'600'000);            // 16,000 JPY
  EXPECT_EQ(money(kAlice), kFundsKk99 - 104'000);                  // 16 JPY of fee at 0.0065
  jpy(kBob, Side::kBuy, 16'005);
  const Outcome closed = jpy(kAlice, Side::kSell, 16'005);
  EXPECT_EQ(closed.all<PositionChangeView>().at(1).result, 500);   // 5 JPY
  EXPECT_EQ(money(kAlice), kFundsKk99 - 104'000 + 32'500 - 104'065);  // a fee of 16.01 JPY rounds up
  EXPECT_EQ(money(clearing_account(kEurJpy)), 0);
}

TEST_F(PositionTest, AnOptionsPremiumMovesAtTheTradeAndItsShortHasMargin) {
  leave(kAlice, 30'030'001);
  leave(kBob, 80'030'001 - 1);
  PlaceOrder sell = on(kOilOption, oil(kBob, Side::kSell, 30, 10));  // 8 KK99 of margin a contract
  EXPECT_EQ(submit(sell).reason(), Reason::kInsufficientMargin);
  fund(kBob, kKk99, 1);
  sell = on(kOilOption, oil(kBob, Side::kSell, 30, 10));
  ASSERT_EQ(submit(sell).reason(), Reason::kNone);
  EXPECT_EQ(submit(on(kOilOption, oil(kAlice, Side::kBuy, 35, 10))).reason(), Reason::kInsufficientMargin);
  ASSERT_EQ(submit(on(kOilOption, oil(kAlice, Side::kBuy, 30, 10))).reason(), Reason::kNone);
  EXPECT_EQ(money(kAlice), 30'030'001 - 30'000'000 - 30'000);
  EXPECT_EQ(money(kBob), 80'030'001 + 30'000'000 - 15'000);
  EXPECT_EQ(position(kAlice, kOilOption).cost, 30'000'000);
  EXPECT_EQ(money(clearing_account(kOilOption)), 0);
}

TEST_F(PositionTest, PositionsSurviveARestart) {
  trade(kAlice, kBob, 50, 10);
  submit(oil(kAlice, Side::kBuy, -5, 3));
  submit(oil(kAlice, Side::kSell, 60, 2));
  const std::string saved = save(core_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_TRUE(loaded.consistent());
  EXPECT_EQ(save(loaded), saved);
}

TEST_F(PositionTest, AGridDoesNotChangeUnderAPosition) {
  trade(kAlice, kBob, 50, 10);
  InstrumentDefinition changed = oil_future();
  changed.phase = TradingPhase::kClosed;
  changed.tick = 10;
  submit(SetPhase{kOilFuture, TradingPhase::kClosed, AuctionKind::kNone});
  EXPECT_EQ(submit(UpdateInstrument{&changed}).reason(), Reason::kInstrumentBusy);
}

}  // namespace
}  // namespace exchange::engine::testing
