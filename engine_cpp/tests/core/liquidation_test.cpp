// Liquidations: who falls, what goes first, what it costs, who bears the rest, and how far one command gets.
#include "margin_venue.hpp"

namespace exchange::engine::testing {
namespace {

Limits few_steps_a_command() {
  Limits limits = small_limits();
  limits.positions_per_command = 1;
  limits.open_orders = limits.orders = limits.special_orders = limits.ids = limits.levels = 128;
  return limits;
}

// Alice holds ten contracts at 50.00 that Bob is short of, with 5.15 KK99 behind them.
class LiquidationTest : public MarginVenue {
 protected:
  void SetUp() override {
    MarginVenue::SetUp();
    leave(kAlice, 5'200'000);
    ASSERT_EQ(trade(kAlice, kBob, 50, 10).reason(), Reason::kNone);
    ASSERT_EQ(money(kAlice), 5'150'000);
  }
  Outcome bid(std::int64_t price, std::int64_t quantity) { return submit(oil(kCarol, Side::kBuy, price, quantity)); }
  Outcome insure(std::int64_t amount) { return fund(kInsuranceAccount, kKk99, amount); }
  static std::vector<LiquidationState> states(const Outcome& outcome) {
    std::vector<LiquidationState> out;
    for (const LiquidationView& view : outcome.all<LiquidationView>()) out.push_back(view.state);
    return out;
  }
  static std::vector<std::uint64_t> deleveraged(const Outcome& outcome) {
    std::vector<std::uint64_t> out;
    for (const PositionChangeView& change : outcome.all<PositionChangeView>()) {
      if (change.kind == PositionChangeKind::kDeleveraged) out.push_back(change.account_id);
    }
    return out;
  }
  // All that customers, the fee account, the insurance fund and the clearing account of oil have.
  [[nodiscard]] std::int64_t total() const {
    std::int64_t sum = 0;
    for (const std::uint64_t account :
         {std::uint64_t{0}, kAlice, kBob, kCarol, kDave, kInsuranceAccount, clearing_account(kOilFuture)}) {
      sum += money(account);
    }
    return sum;
  }

  static constexpr LiquidationState kStarted = LiquidationState::kStarted;
  static constexpr LiquidationState kDeleveraging = LiquidationState::kDeleveraging;
  static constexpr LiquidationState kEnded = LiquidationState::kEnded;
};

TEST_F(LiquidationTest, BelowItsMaintenanceMarginAnAccountIsReducedAndPaysAPenalty) {
  bid(50, 10);
  EXPECT_TRUE(states(mark(kOilFuture, 48)).empty());  // 3.15 are left, and 2.40 needed
  const std::int64_t before = total();
  const Outcome fell = mark(kOilFuture, 46);
  ASSERT_EQ(states(fell), (std::vector<LiquidationState>{kStarted, kEnded}));
  EXPECT_EQ(fell.all<LiquidationView>().at(0).account_id, kAlice);
  EXPECT_EQ(fell.all<LiquidationView>().at(0).equity, 1'150'000);
  EXPECT_EQ(fell.all<LiquidationView>().at(0).maintenance, 2'300'000);
  const TradeView trade = fell.all<TradeView>().at(0);
  EXPECT_TRUE(trade.liquidation);
  EXPECT_EQ(trade.taker_account_id, kAlice);
  EXPECT_EQ(trade.taker_fee, 50'000);
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(money(kInsuranceAccount), 500'000);  // a hundredth of what was closed
  EXPECT_EQ(money(kAlice), 5'150'000 - 50'000 - 500'000);
  EXPECT_EQ(total(), before);
  EXPECT_TRUE(core_.consistent());
}

TEST_F(LiquidationTest, APenaltyTakesNoMoreThanThereIs) {
  bid(45, 10);
  mark(kOilFuture, 46);
  EXPECT_EQ(money(kAlice), 0);
  EXPECT_EQ(money(kInsuranceAccount), 5'150'000 - 5'000'000 - 45'000);
}

TEST_F(LiquidationTest, AllItsOrdersGoFirst) {
  const std::uint64_t spot = submit(limit(kAlice, Side::kSell, 20'000, 100)).order().order_id;
  const std::uint64_t closes = submit(oil(kAlice, Side::kSell, 60, 10)).order().order_id;
  bid(50, 10);
  const Outcome fell = mark(kOilFuture, 46);
  const auto updates = fell.all<OrderEvent>();
  EXPECT_EQ(updates.at(0).order.view.order_id, spot);
  EXPECT_EQ(updates.at(1).order.view.order_id, closes);
  EXPECT_EQ(updates.at(1).order.view.end_reason, EndReason::kLiquidation);
  EXPECT_EQ(fell.all<MassCancelDoneView>().at(0).cause, MassCancelCause::kLiquidation);
  EXPECT_EQ(fell.all<MassCancelDoneView>().at(0).count, 2U);
  EXPECT_EQ(updates.at(2).order.client_order_id, "liquidation:" + std::to_string(updates.at(2).order.view.order_id));
}

TEST_F(LiquidationTest, WhatNoBookTakesIsClosedAtTheMarkAndCostsNoPenalty) {
  const std::int64_t bob = money(kBob);
  const std::int64_t before = total();
  bid(50, 1);
  const Outcome fell = mark(kOilFuture, 46);
  EXPECT_EQ(states(fell), (std::vector<LiquidationState>{kStarted, kDeleveraging, kEnded}));
  EXPECT_EQ(deleveraged(fell), (std::vector<std::uint64_t>{kAlice, kBob}));
  EXPECT_EQ(money(kAlice), 5'150'000 - 5'000 - 50'000 - 9 * 400'000);  // fee and penalty of one, the loss of nine
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(money(kBob), bob + 9 * 400'000);
  EXPECT_EQ(position(kBob).quantity, -1);
  EXPECT_EQ(money(kInsuranceAccount), 50'000);
  EXPECT_EQ(total(), before);
}

TEST_F(LiquidationTest, NothingIsSoldForLessThanCanBeBorne) {
  bid(40, 10);  // which would cost four more than the account has
  const Outcome fell = mark(kOilFuture, 46);
  EXPECT_EQ(states(fell), (std::vector<LiquidationState>{kStarted, kDeleveraging, kEnded}));
  EXPECT_TRUE(fell.all<TradeView>().empty());
  EXPECT_EQ(money(kAlice), 1'150'000);
}

TEST_F(LiquidationTest, WhatTheFundCanBearIsSoldAndTheFundPaysTheRest) {
  insure(10'000'000);
  bid(40, 10);
  const std::int64_t before = total();
  EXPECT_EQ(states(mark(kOilFuture, 44)), (std::vector<LiquidationState>{kStarted, kEnded}));
  EXPECT_EQ(money(kAlice), 0);
  EXPECT_EQ(money(kInsuranceAccount), 10'000'000 + 5'150'000 - 10'000'000 - 40'000);
  EXPECT_EQ(total(), before);
}

TEST_F(LiquidationTest, OthersAreClosedUntilThereIsMarginEnough) {
  trade(kBob, kCarol, 50, 4);  // Bob is short of six, Carol of four
  ASSERT_EQ(position(kBob).quantity, -6);
  ASSERT_EQ(position(kCarol).quantity, -4);
  leave(kBob, 10'000'000);
  EXPECT_EQ(deleveraged(mark(kOilFuture, 46)), (std::vector<std::uint64_t>{kAlice, kBob}));
  EXPECT_EQ(position(kAlice).quantity, 4);  // 1.15 are left, and 0.92 needed
  EXPECT_EQ(position(kCarol).quantity, -4);
}

TEST_F(LiquidationTest, UntilItIsOverTheAccountTradesNothingAndTakesNothingOut) {
  submit(SetPhase{kOilFuture, TradingPhase::kHalt, AuctionKind::kNone});
  ASSERT_EQ(states(mark(kOilFuture, 46)), (std::vector<LiquidationState>{kStarted}));
  EXPECT_EQ(submit(on(kEurKk99, limit(kAlice, Side::kBuy, 11'000, 500))).reason(), Reason::kTradingState);
  EXPECT_EQ(submit(limit(kAlice, Side::kSell, 20'000, 100)).reason(), Reason::kTradingState);
  EXPECT_EQ(submit(Transfer{TransferDirection::kOut, ++transfer_seq_, kAlice, kKk99, 1}).reason(),
            Reason::kTransferInsufficient);
  EXPECT_EQ(submit(Transfer{TransferDirection::kOut, ++transfer_seq_, kAlice, kBtc, 1}).reason(),
            Reason::kTransferInsufficient);
  EXPECT_EQ(states(fund(kAlice, kKk99, 1'150'000)), (std::vector<LiquidationState>{kEnded}));
  EXPECT_EQ(position(kAlice).quantity, 10);
  EXPECT_EQ(submit(on(kEurKk99, limit(kAlice, Side::kBuy, 11'000, 500))).reason(), Reason::kInsufficientMargin);
  EXPECT_EQ(submit(limit(kAlice, Side::kSell, 20'000, 100)).reason(), Reason::kNone);
}

TEST_F(LiquidationTest, OnlyAsMuchGoesAsItTakes) {
  fund(kAlice, kKk99, 1'000'000);
  submit(on(kEurKk99, limit(kCarol, Side::kSell, 11'000, 500)));
  ASSERT_EQ(submit(on(kEurKk99, limit(kAlice, Side::kBuy, 11'000, 500))).reason(), Reason::kNone);
  bid(50, 10);
  EXPECT_EQ(states(mark(kOilFuture, 45)), (std::vector<LiquidationState>{kStarted, kEnded}));
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(position(kAlice, kEurKk99).quantity, 500);
}

TEST_F(LiquidationTest, TheInsuranceFundPaysWhatIsLackingAndOthersCloseAtTheMark) {
  insure(10'000'000);
  const std::int64_t bob = money(kBob);
  const std::int64_t before = total();
  const Outcome fell = mark(kOilFuture, 44);  // ten contracts lose 6.00
  EXPECT_EQ(states(fell), (std::vector<LiquidationState>{kStarted, kDeleveraging, kEnded}));
  EXPECT_EQ(deleveraged(fell), (std::vector<std::uint64_t>{kAlice, kBob}));
  EXPECT_EQ(money(kAlice), 0);
  EXPECT_EQ(money(kInsuranceAccount), 10'000'000 - 850'000);
  EXPECT_EQ(money(kBob), bob + 6'000'000);
  EXPECT_EQ(total(), before);
  EXPECT_TRUE(core_.consistent());
}

TEST_F(LiquidationTest, WhatTheFundDoesNotHaveFallsOnThoseWhoAreClosed) {
  insure(100'000);
  bid(44, 10);  // at which the fund could not pay what is lacking
  const std::int64_t bob = money(kBob);
  mark(kOilFuture, 44);
  EXPECT_EQ(money(kAlice), 0);
  EXPECT_EQ(money(kInsuranceAccount), 0);
  EXPECT_EQ(money(kBob), bob + 6'000'000 - 750'000);
  EXPECT_EQ(position(kBob).quantity, 0);
  EXPECT_TRUE(core_.consistent());
}

TEST_F(LiquidationTest, WhatIsOwedAfterAnExpiryTheFundPays) {
  insure(10'000'000);
  const std::int64_t before = total();
  const Outcome expired = submit(ExpireInstrument{kOilFuture, 20'260'101, 44});
  EXPECT_EQ(states(expired), (std::vector<LiquidationState>{kStarted, kEnded}));
  EXPECT_EQ(money(kAlice), 0);
  EXPECT_EQ(money(kInsuranceAccount), 10'000'000 - 850'000);
  EXPECT_EQ(total(), before);
}

TEST_F(LiquidationTest, TheMostGainedForWhatIsBehindItIsClosedFirst) {
  trade(kBob, kCarol, 55, 4);  // Bob is short of six at 50, Carol of four at 55
  insure(10'000'000);
  EXPECT_EQ(deleveraged(mark(kOilFuture, 44)), (std::vector<std::uint64_t>{kAlice, kCarol, kAlice, kBob}));
}

TEST_F(LiquidationTest, ReduceOnlyOrdersOfWhoIsClosedGoWithThePosition) {
  insure(10'000'000);
  const SpecialTerms reducing{.trigger_price = 60, .has_trigger_price = true, .reduce_only = true};
  PlaceOrder order = on(kOilFuture, market(kBob, Side::kBuy, 10));
  order.type = OrderType::kStop;
  order.special = &reducing;
  ASSERT_EQ(submit(order).reason(), Reason::kNone);
  const Outcome fell = mark(kOilFuture, 44);
  EXPECT_EQ(fell.all<OrderEvent>().at(0).order.view.end_reason, EndReason::kReducedAway);
}

TEST_F(LiquidationTest, InAMarketThatDoesNotMatchNothingIsClosed) {
  insure(10'000'000);
  submit(SetPhase{kOilFuture, TradingPhase::kHalt, AuctionKind::kNone});
  EXPECT_EQ(states(mark(kOilFuture, 44)), (std::vector<LiquidationState>{kStarted}));
  EXPECT_EQ(position(kAlice).quantity, 10);
  EXPECT_FALSE(core_.next_deadline().has_value());
  EXPECT_TRUE(states(submit(Tick{})).empty());
  const Outcome goes_on = submit(SetPhase{kOilFuture, TradingPhase::kContinuous, AuctionKind::kNone});
  EXPECT_EQ(states(goes_on), (std::vector<LiquidationState>{kDeleveraging, kEnded}));
}

TEST_F(LiquidationTest, ATradeAndParametersAndAConversionRateAreLookedAtToo) {
  SetMarginParameters dear = parameters(kOilFuture);
  dear.initial_margin_ppm = dear.maintenance_margin_ppm = 110'000;
  bid(50, 10);
  EXPECT_EQ(states(submit(dear)), (std::vector<LiquidationState>{kStarted, kEnded}));
  leave(kAlice, 2'000'000);
  submit(on(kEurJpy, limit(kCarol, Side::kSell, 16'000, 1'000)));
  ASSERT_EQ(submit(on(kEurJpy, limit(kAlice, Side::kBuy, 16'000, 1'000))).reason(), Reason::kNone);
  mark(kEurJpy, 15'000);
  const Outcome rated = submit(SetMarkPrice{.instrument_id = kEurJpy, .has_conversion_rate = true,
                                            .conversion_rate_ppb = 60'000'000});
  EXPECT_EQ(states(rated), (std::vector<LiquidationState>{kStarted, kDeleveraging, kEnded}));
}

class BoundedLiquidationTest : public LiquidationTest {
 public:
  BoundedLiquidationTest() { core_ = Core(few_steps_a_command(), 0); }
};

TEST_F(BoundedLiquidationTest, OneCommandMakesSoManyStepsAndTheRestFollows) {
  while (core_.next_deadline()) submit(Tick{});
  insure(10'000'000);
  submit(oil(kAlice, Side::kSell, 60, 10));
  std::vector<LiquidationState> seen = states(mark(kOilFuture, 44));
  int ticks = 0;
  for (; core_.next_deadline() == now_ns_ && ticks < 20; ++ticks) {
    const std::string saved = save(core_);
    core_ = Core(few_steps_a_command(), 0);
    ASSERT_TRUE(load(core_, saved));
    ASSERT_EQ(save(core_), saved);
    for (const LiquidationState state : states(submit(Tick{}))) seen.push_back(state);
    ASSERT_TRUE(core_.consistent());
  }
  EXPECT_EQ(seen, (std::vector<LiquidationState>{kStarted, kDeleveraging, kEnded}));
  // Who falls, the order, the book, two that are ranked, one that is closed, two whose money changed.
  EXPECT_EQ(ticks, 8);
  EXPECT_EQ(position(kAlice).quantity, 0);
}

// Any byte of a state in which somebody is liquidated: refused, or a state that goes on.
TEST_F(BoundedLiquidationTest, ADamagedStateIsRefusedOrHoldsEveryInvariant) {
  while (core_.next_deadline()) submit(Tick{});
  insure(100'000);
  mark(kOilFuture, 44);
  for (int ticks = 0; ticks < 4; ++ticks) submit(Tick{});  // one of the two that may be closed is ranked
  ASSERT_EQ(position(kAlice).quantity, 10);
  const std::string saved = save(core_);
  const Stamp last = core_.last_stamp();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < saved.size(); ++at) {
    std::string damaged = saved;
    damaged[at] = static_cast<char>(damaged[at] ^ (at % 2 == 0 ? 1 : 0xFF));
    Core loaded(few_steps_a_command(), 0);
    if (!load(loaded, damaged)) {
      ++refused;
      continue;
    }
    ASSERT_TRUE(loaded.consistent()) << at;
    if (loaded.last_stamp().engine_seq > last.engine_seq || loaded.last_stamp().time_ns > last.time_ns) continue;
    core_ = std::move(loaded);
    for (int ticks = 0; ticks < 2; ++ticks) submit(Tick{});
  }
  EXPECT_GT(refused, saved.size() / 3);
}

}  // namespace
}  // namespace exchange::engine::testing
