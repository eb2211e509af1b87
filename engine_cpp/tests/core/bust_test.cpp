// Trades that are taken back.
#include "margin_venue.hpp"
#include "trades.hpp"

namespace exchange::engine::testing {
namespace {

class BustTest : public Venue {
 public:
  using Venue::Venue;

 protected:
  static constexpr std::int64_t kNotional = 1'000'000;
  static constexpr std::int64_t kUnits = 1'000'000;

  // Alice buys 0.01 BTC of Bob at 100: a notional of 1 KK99, fees of 1,000 and 500 units.
  BustedTrade trade() {
    submit(limit(kBob, Side::kSell, 10'000, 100));
    const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'000, 100));
    return as_made(taken.all<TradeView>().at(0), now_ns_ + kDay);
  }
  Outcome bust(const BustedTrade& trade) { return submit(BustTrade{&trade}); }
  Outcome take_out(std::uint64_t account, std::uint32_t asset, std::int64_t amount) {
    return submit(Transfer{TransferDirection::kOut, ++transfer_seq_, account, asset, amount});
  }
  [[nodiscard]] std::int64_t available(std::uint64_t account, std::uint32_t asset) const {
    return balance(account, asset).available;
  }
};

Limits few_cancels_a_command() {
  Limits limits = small_limits();
  limits.cancels_per_command = 2;
  return limits;
}

class BoundedBustTest : public BustTest {
 public:
  BoundedBustTest() : BustTest(few_cancels_a_command()) {}
};

Limits one_bust() {
  Limits limits = small_limits();
  limits.busted_trades = 1;
  return limits;
}

class OneBustTest : public BustTest {
 public:
  OneBustTest() : BustTest(one_bust()) {}
};

TEST_F(BustTest, AllThatMovedGoesBack) {
  const BustedTrade made = trade();
  EXPECT_EQ(available(0, kKk99), 1'500);
  const Outcome busted = bust(made);
  ASSERT_EQ(busted.reason(), Reason::kNone);
  for (const std::uint64_t account : {kAlice, kBob}) {
    EXPECT_EQ(available(account, kKk99), kFundsKk99);
    EXPECT_EQ(available(account, kBtc), kFundsBtc);
  }
  EXPECT_EQ(available(0, kKk99), 0);
  EXPECT_EQ(available(kInsuranceAccount, kKk99), 0);
  const auto told = busted.all<TradeBustedEvent>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].view.trade_id, made.trade_id);
  EXPECT_EQ(told[0].view.maker_account_id, kBob);
  EXPECT_EQ(told[0].view.taker_account_id, kAlice);
  EXPECT_EQ(told[0].insured_amount, 0);
  for (const BalanceChangeView& change : busted.all<BalanceChangeView>()) {
    EXPECT_EQ(change.kind, BalanceChangeKind::kBust);
    EXPECT_EQ(change.trade_id, made.trade_id);
  }
  EXPECT_TRUE(busted.all<TradeView>().empty());
  EXPECT_TRUE(busted.all<OrderEvent>().empty());
  EXPECT_TRUE(busted.all<BookChangeView>().empty());
}

TEST_F(BustTest, OpenOrdersOfBothGoFirst) {
  const BustedTrade made = trade();
  const std::uint64_t alices = submit(limit(kAlice, Side::kBuy, 9'000, 200)).order().order_id;
  const std::uint64_t bobs = submit(limit(kBob, Side::kSell, 11'000, 100)).order().order_id;
  submit(limit(kCarol, Side::kBuy, 9'000, 200));
  const Outcome busted = bust(made);
  const auto ended = busted.all<OrderEvent>();
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].order.view.order_id, bobs);  // the maker's first
  EXPECT_EQ(ended[1].order.view.order_id, alices);
  EXPECT_EQ(ended[1].order.view.end_reason, EndReason::kBust);
  const auto done = busted.all<MassCancelDoneView>();
  ASSERT_EQ(done.size(), 2U);
  EXPECT_EQ(done[0].cause, MassCancelCause::kBust);
  EXPECT_EQ(done[0].count, 1U);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  EXPECT_EQ(depth(Side::kBuy).size(), 1U);  // Carol's
}

TEST_F(BoundedBustTest, WhatOneCommandDoesNotCancelFollowsBeforeTheNextOnes) {
  const BustedTrade made = trade();
  for (int n = 0; n < 3; ++n) submit(limit(kBob, Side::kSell, 11'000, 100));
  submit(limit(kAlice, Side::kBuy, 9'000, 200));
  const Outcome first = bust(made);
  EXPECT_EQ(first.reason(), Reason::kNone);
  EXPECT_EQ(first.all<OrderEvent>().size(), 2U);
  EXPECT_TRUE(first.all<TradeBustedEvent>().empty());
  EXPECT_EQ(core_.next_deadline(), now_ns_);
  const std::string saved = save(core_);
  core_ = Core(few_cancels_a_command(), 0);
  ASSERT_TRUE(load(core_, saved));
  const Outcome later = submit(limit(kBob, Side::kSell, 12'000, 100));
  EXPECT_EQ(later.all<MassCancelDoneView>().at(0).count, 3U);
  EXPECT_EQ(later.all<MassCancelDoneView>().at(1).count, 1U);
  const Outcome last = submit(Tick{});
  EXPECT_EQ(last.all<TradeBustedEvent>().size(), 1U);
  EXPECT_TRUE(last.all<OrderEvent>().empty());
  EXPECT_EQ(depth(Side::kSell).size(), 1U);  // what came later is not meant
  EXPECT_EQ(available(kAlice, kKk99), kFundsKk99);
  EXPECT_TRUE(bust(made).result.replayed);
}

TEST_F(BustTest, WhatAnAccountLacksTheInsuranceFundPaysAndTheAccountOwes) {
  const BustedTrade made = trade();
  take_out(kAlice, kBtc, kFundsBtc + kUnits - 400);
  take_out(kBob, kKk99, kFundsKk99);  // all but its proceeds, less the fee
  const Outcome busted = bust(made);
  EXPECT_EQ(available(kAlice, kBtc), 0);
  EXPECT_EQ(available(kAlice, kKk99), kFundsKk99);
  EXPECT_EQ(available(kBob, kBtc), kFundsBtc);
  EXPECT_EQ(available(kInsuranceAccount, kBtc), 400 - kUnits);
  const TradeBustedView& owed = busted.all<TradeBustedEvent>().at(0).view;
  EXPECT_EQ(owed.taker_owes_base, kUnits - 400);
  EXPECT_EQ(owed.taker_owes_quote, 0);
  EXPECT_EQ(owed.maker_owes_quote, 0);  // its fee came back before
  EXPECT_EQ(owed.maker_owes_base, 0);
}

TEST_F(BustTest, TheQuoteThatIsLackingIsTheInsuredAmount) {
  const BustedTrade made = trade();
  take_out(kBob, kKk99, kFundsKk99 + 9'500);
  const TradeBustedEvent told = bust(made).all<TradeBustedEvent>().at(0);
  EXPECT_EQ(told.insured_amount, 9'500);
  EXPECT_EQ(told.view.maker_owes_quote, 9'500);
  EXPECT_EQ(available(kInsuranceAccount, kKk99), -9'500);
  EXPECT_EQ(available(kAlice, kKk99), kFundsKk99);
}

TEST_F(BustTest, FeesThatHaveLeftComeFromTheInsuranceFund) {
  const BustedTrade made = trade();
  take_out(0, kKk99, 1'200);
  const Outcome busted = bust(made);
  EXPECT_EQ(available(0, kKk99), 0);
  EXPECT_EQ(available(kInsuranceAccount, kKk99), -1'200);
  EXPECT_EQ(available(kAlice, kKk99), kFundsKk99);
  EXPECT_EQ(available(kBob, kKk99), kFundsKk99);
  EXPECT_EQ(busted.all<TradeBustedEvent>().at(0).insured_amount, 0);
  int paid = 0;
  for (const BalanceChangeView& change : busted.all<BalanceChangeView>()) {
    if (change.account_id != kInsuranceAccount) continue;
    EXPECT_EQ(change.kind, BalanceChangeKind::kInsurance);
    ++paid;
  }
  EXPECT_EQ(paid, 2);
}

TEST_F(BustTest, ARebateGoesBackToo) {
  const std::vector<FeeTier> tiers = {{0, 1'000, -200}};
  submit(SetFeeSchedule{7, tiers});
  InstrumentDefinition rebated = btc_kk99();
  rebated.terms.fee_schedule_id = 7;
  ASSERT_EQ(submit(UpdateInstrument{&rebated}).reason(), Reason::kNone);
  const BustedTrade made = trade();
  EXPECT_EQ(made.maker_fee, -200);
  take_out(kBob, kKk99, kFundsKk99 + kNotional + 150);
  const TradeBustedView owed = bust(made).all<TradeBustedEvent>().at(0).view;
  EXPECT_EQ(owed.maker_owes_quote, 150 + kNotional);
  EXPECT_EQ(available(kBob, kKk99), 0);
  EXPECT_EQ(available(0, kKk99), 0);
  EXPECT_EQ(available(kAlice, kKk99), kFundsKk99);
}

TEST_F(BustTest, OfATradeWithItselfOnlyFeesComeBack) {
  BustedTrade made = trade();
  made.maker_account_id = made.taker_account_id = kAlice;
  const std::int64_t before = available(kAlice, kKk99);
  const Outcome busted = bust(made);
  EXPECT_EQ(available(kAlice, kKk99), before + 1'500);
  EXPECT_EQ(available(kAlice, kBtc), kFundsBtc + kUnits);
  EXPECT_EQ(busted.all<MassCancelDoneView>().size(), 1U);
}

TEST_F(BustTest, OnlyBeforeItsValueTime) {
  BustedTrade made = trade();
  made.value_time_ns = now_ns_ + kSecond;
  now_ns_ += kSecond;
  EXPECT_EQ(bust(made).reason(), Reason::kTradeNotBustable);
  made.value_time_ns = now_ns_ + 1;
  EXPECT_EQ(bust(made).reason(), Reason::kNone);
}

TEST_F(BustTest, TheSameAgainIsAnsweredAsAtFirst) {
  const BustedTrade made = trade();
  const Outcome first = bust(made);
  now_ns_ = made.value_time_ns + kDay;
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  const Outcome again = bust(made);
  EXPECT_EQ(again.reason(), Reason::kNone);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.result.engine_seq, first.result.engine_seq);
  EXPECT_TRUE(again.events.empty());
  BustedTrade other = made;
  other.quantity += 10;
  EXPECT_EQ(bust(other).reason(), Reason::kTradeNotBustable);
}

TEST_F(BustTest, WhatIsNoTradeIsRefused) {
  const BustedTrade made = trade();
  const auto refused = [&](auto change, Reason reason) {
    BustedTrade wrong = made;
    change(wrong);
    const Outcome outcome = bust(wrong);
    EXPECT_EQ(outcome.reason(), reason);
    EXPECT_TRUE(outcome.events.empty());
  };
  refused([](BustedTrade& t) { t.instrument_id = 99; }, Reason::kUnknownInstrument);
  refused([](BustedTrade& t) { t.maker_account_id = 99; }, Reason::kUnknownAccount);
  refused([](BustedTrade& t) { t.taker_account_id = kInsuranceAccount; }, Reason::kUnknownAccount);
  refused([](BustedTrade& t) { t.trade_id = 0; }, Reason::kUnknownTrade);
  refused([](BustedTrade& t) { ++t.trade_id; }, Reason::kUnknownTrade);
  refused([](BustedTrade& t) { t.trade_id |= std::uint64_t{1} << 56; }, Reason::kUnknownTrade);
  refused([](BustedTrade& t) { t.price = 0; }, Reason::kInvalidField);
  refused([](BustedTrade& t) { t.quantity = 0; }, Reason::kInvalidField);
  refused([](BustedTrade& t) { t.quantity = INT64_MAX; }, Reason::kInvalidField);
  refused([](BustedTrade& t) { t.maker_fee = kNotional + 1; }, Reason::kInvalidField);
  refused([](BustedTrade& t) { t.taker_fee = INT64_MIN; }, Reason::kInvalidField);
  refused([](BustedTrade& t) { t.value_time_ns = 0; }, Reason::kInvalidField);
}

TEST_F(OneBustTest, TheyAreBounded) {
  const BustedTrade first = trade();
  const BustedTrade second = trade();
  EXPECT_EQ(bust(first).reason(), Reason::kNone);
  EXPECT_EQ(bust(second).reason(), Reason::kEngineFull);
  EXPECT_TRUE(bust(first).result.replayed);
}

class MarginBustTest : public MarginVenue {
 protected:
  Outcome bust(const BustedTrade& trade) { return submit(BustTrade{&trade}); }
  BustedTrade last_of(const Outcome& outcome) { return as_made(outcome.all<TradeView>().at(0), now_ns_ + kDay); }
  const std::uint64_t clearing_ = clearing_account(kOilFuture);
};

TEST_F(MarginBustTest, PositionsTradeBackAtTheSamePrice) {
  trade(kAlice, kBob, 50, 10);
  const std::int64_t alice = money(kAlice);
  const std::int64_t bob = money(kBob);
  const std::int64_t fees = money(0);
  const BustedTrade second = last_of(trade(kAlice, kBob, 60, 5));
  const Outcome busted = bust(second);
  ASSERT_EQ(busted.reason(), Reason::kNone);
  // Alice had paid 50 for ten and 60 for five: she sells five at 60 of what cost 53.33.
  EXPECT_EQ(position(kAlice).quantity, 10);
  EXPECT_EQ(position(kAlice).cost, 53'333'334);
  EXPECT_EQ(position(kBob).quantity, -10);
  EXPECT_EQ(money(kAlice), alice + 3'333'334);
  EXPECT_EQ(money(kBob), bob - 3'333'334);
  EXPECT_EQ(money(clearing_), 0);
  EXPECT_EQ(money(0), fees);
  const auto changes = busted.all<PositionChangeView>();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].kind, PositionChangeKind::kBust);
  EXPECT_EQ(changes[0].trade_id, second.trade_id);
  EXPECT_EQ(changes[0].change, -5);
  EXPECT_EQ(busted.all<TradeBustedEvent>().at(0).insured_amount, 0);
}

TEST_F(MarginBustTest, AnOptionsPremiumMovesBack) {
  submit(on(kOilOption, oil(kBob, Side::kSell, 30, 10)));
  const std::int64_t alice = kFundsKk99;
  const BustedTrade made = last_of(submit(on(kOilOption, oil(kAlice, Side::kBuy, 30, 10))));
  EXPECT_LT(money(kAlice), alice);
  ASSERT_EQ(bust(made).reason(), Reason::kNone);
  EXPECT_EQ(money(kAlice), alice);
  EXPECT_EQ(money(kBob), kFundsKk99);
  EXPECT_EQ(position(kAlice, kOilOption).quantity, 0);
  EXPECT_EQ(money(clearing_account(kOilOption)), 0);
}

TEST_F(MarginBustTest, NotForACashAccountNorAfterTheExpiry) {
  const BustedTrade opened = last_of(trade(kAlice, kBob, 50, 10));
  const BustedTrade closed = last_of(trade(kBob, kAlice, 50, 10));
  ASSERT_EQ(become(kAlice, AccountKind::kCash).reason(), Reason::kNone);
  EXPECT_EQ(bust(opened).reason(), Reason::kAccountKindNotAllowed);
  ASSERT_EQ(become(kAlice, AccountKind::kMargin).reason(), Reason::kNone);
  EXPECT_EQ(bust(opened).reason(), Reason::kNone);
  EXPECT_EQ(position(kAlice).quantity, -10);  // it is short by what it bought and still sold
  EXPECT_EQ(become(kAlice, AccountKind::kCash).reason(), Reason::kAccountKindNotAllowed);
  ASSERT_EQ(submit(ExpireInstrument{kOilFuture, 20'261'126, 50}).reason(), Reason::kNone);
  EXPECT_EQ(bust(closed).reason(), Reason::kTradeNotBustable);
}

}  // namespace
}  // namespace exchange::engine::testing
