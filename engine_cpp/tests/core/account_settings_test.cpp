// What operators set of an account, and what that keeps it from.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class AccountSettingsTest : public Venue {
 protected:
  template <class Change>
  Outcome set(std::uint64_t account, Change change) {
    AccountSettings settings;
    settings.account_id = account;
    change(settings);
    return submit(SetAccount{&settings});
  }
  Outcome set_state(TradingState state, bool cancel_orders = false) {
    return set(kAlice, [&](AccountSettings& s) { s.trading_state = state, s.cancel_orders = cancel_orders; });
  }
  Outcome set_limits(const AccountLimits& limits) {
    return set(kAlice, [&](AccountSettings& s) { s.has_limits = true, s.limits = limits; });
  }
  AmendOrder amend_price(std::uint64_t order_id, std::int64_t price) const {
    return {.account_id = kAlice, .order_id = order_id, .price = price, .valid_until_ns = now_ns_ + kMinute, .has_price = true};
  }
};

TEST_F(AccountSettingsTest, WhatIsAbsentStaysAsItIs) {
  const Outcome first = set(kAlice, [](AccountSettings& s) {
    s.has_account_class = true, s.account_class = 3;
    s.has_fee_tier = true, s.fee_tier = 2;
    s.kind = AccountKind::kMargin;
  });
  ASSERT_EQ(first.all<AccountView>().size(), 1U);
  const AccountView one = first.all<AccountView>().at(0);
  EXPECT_EQ(one.account_seq, 3U);  // after two transfers
  EXPECT_EQ(one.self_trade_group, kAlice);
  EXPECT_EQ(one.trading_state, TradingState::kActive);
  EXPECT_EQ(one.taker_fee_ppm, 1'000U);
  const AccountView two = set_limits({.max_order_lots = 5}).all<AccountView>().at(0);
  EXPECT_EQ(two.account_class, 3);
  EXPECT_EQ(two.fee_tier, 2);
  EXPECT_EQ(two.kind, AccountKind::kMargin);
  EXPECT_EQ(two.limits, (AccountLimits{.max_order_lots = 5}));
}

TEST_F(AccountSettingsTest, TheSameAgainChangesNothing) {
  set_limits({.max_order_lots = 5});
  const Outcome again = set_limits({.max_order_lots = 5});
  EXPECT_EQ(again.reason(), Reason::kNone);
  EXPECT_TRUE(again.events.empty());
}

TEST_F(AccountSettingsTest, WhatIsOutOfRangeIsRefused) {
  EXPECT_EQ(set(99, [](AccountSettings&) {}).reason(), Reason::kUnknownAccount);
  EXPECT_EQ(set(0, [](AccountSettings&) {}).reason(), Reason::kUnknownAccount);
  EXPECT_EQ(set_limits({.max_order_lots = -1}).reason(), Reason::kInvalidField);
  EXPECT_EQ(set_limits({.max_order_notional = -1}).reason(), Reason::kInvalidField);
  EXPECT_EQ(set_limits({.max_position_lots = -1}).reason(), Reason::kInvalidField);
  EXPECT_EQ(set_limits({.max_open_orders = 2'049}).reason(), Reason::kInvalidField);
  EXPECT_EQ(set(kAlice, [](AccountSettings& s) { s.has_fee_tier = true, s.fee_tier = 256; }).reason(), Reason::kInvalidField);
  EXPECT_EQ(set(kAlice, [](AccountSettings& s) { s.has_taker_fee = true, s.taker_fee_ppm = 100'001; }).reason(),
            Reason::kInvalidField);
  EXPECT_EQ(set_state(TradingState::kReducing, true).reason(), Reason::kInvalidField);
}

TEST_F(AccountSettingsTest, AnAccountThatOpenedAsAskedIsOpenWhateverWasSetSince) {
  set(kAlice, [](AccountSettings& s) { s.has_taker_fee = true, s.taker_fee_ppm = 10; });
  EXPECT_TRUE(submit(OpenAccount{kAlice, 0, 1'000, 500}).result.replayed);
  EXPECT_EQ(submit(OpenAccount{kAlice, 0, 10, 500}).reason(), Reason::kAccountConflict);
}

TEST_F(AccountSettingsTest, LimitsTheSizeOfOrdersAndOfAmends) {
  set_limits({.max_order_lots = 20});
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 210)).reason(), Reason::kOrderSizeLimit);
  const Outcome entered = submit(limit(kAlice, Side::kBuy, 10'000, 200));
  EXPECT_EQ(entered.reason(), Reason::kNone);
  AmendOrder larger = amend_price(entered.order().order_id, 10'000);
  larger.size = AmendSize::kTotal;
  larger.quantity = 210;
  EXPECT_EQ(submit(larger).reason(), Reason::kOrderSizeLimit);
  set_limits({.max_order_notional = 2'000'000});
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'005, 200)).reason(), Reason::kOrderSizeLimit);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 200)).reason(), Reason::kNone);
  EXPECT_EQ(submit(amend_price(entered.order().order_id, 10'005)).reason(), Reason::kOrderSizeLimit);
}

TEST_F(AccountSettingsTest, LimitsItsOpenOrders) {
  set_limits({.max_open_orders = 1});
  const Outcome first = submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kTooManyOpenOrders);
  submit(cancel(kAlice, first.order().order_id));
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kNone);
}

TEST_F(AccountSettingsTest, OnlyAnActiveAccountEntersAndAmendsWhatIsPaidInFull) {
  const std::uint64_t open = submit(limit(kAlice, Side::kBuy, 10'000, 200)).order().order_id;
  for (const TradingState state : {TradingState::kReducing, TradingState::kHalted}) {
    set_state(state);
    EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kTradingState);
    EXPECT_EQ(submit(limit(kAlice, Side::kSell, 10'000, 100)).reason(), Reason::kTradingState);
    EXPECT_EQ(submit(amend_price(open, 9'995)).reason(), Reason::kTradingState);
  }
  EXPECT_EQ(submit(cancel(kAlice, open)).reason(), Reason::kNone);
  set_state(TradingState::kActive);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kNone);
}

TEST_F(AccountSettingsTest, AnAmendMayCancelWhileHalted) {
  const std::uint64_t open = submit(limit(kAlice, Side::kBuy, 10'000, 200)).order().order_id;
  set_state(TradingState::kHalted);
  AmendOrder away = amend_price(open, 10'000);
  away.size = AmendSize::kTotal;
  EXPECT_EQ(submit(away).reason(), Reason::kNone);
}

TEST_F(AccountSettingsTest, ChecksStateAfterOpenOrdersAndBeforeFunds) {
  set(kAlice, [](AccountSettings& s) {
    s.has_limits = true, s.limits = {.max_order_lots = 0, .max_order_notional = 0, .max_position_lots = 0, .max_open_orders = 1};
    s.trading_state = TradingState::kHalted;
  });
  PlaceOrder dear = limit(kAlice, Side::kBuy, 1'000'000, 1'000'000);
  dear.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(submit(dear).reason(), Reason::kTradingState);
  set_state(TradingState::kActive);
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  set_state(TradingState::kHalted);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 10'000, 100)).reason(), Reason::kTooManyOpenOrders);
}

TEST_F(AccountSettingsTest, TheKillSwitchCancelsAllItsOrders) {
  for (int i = 0; i < 3; ++i) submit(limit(kAlice, Side::kBuy, 10'000, 100));
  submit(limit(kBob, Side::kBuy, 10'000, 100));
  const Outcome killed = set_state(TradingState::kHalted, true);
  const auto orders = killed.all<OrderEvent>();
  ASSERT_EQ(orders.size(), 3U);
  for (const OrderEvent& order : orders) EXPECT_EQ(order.order.view.end_reason, EndReason::kKillSwitch);
  const auto done = killed.all<MassCancelDoneView>();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done.at(0).cause, MassCancelCause::kKillSwitch);
  EXPECT_EQ(done.at(0).count, 3U);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  EXPECT_EQ(depth(Side::kBuy).at(0).quantity, 100);
}

TEST_F(AccountSettingsTest, AKillOfManyOrdersGoesOnInTheNextCommands) {
  constexpr std::size_t kOrders = 1'200;  // and a command cancels 1,000
  for (std::size_t i = 0; i < kOrders; ++i) submit(limit(kAlice, Side::kBuy, 10'000, 100));
  const Outcome killed = set_state(TradingState::kHalted, true);
  EXPECT_EQ(killed.all<OrderEvent>().size(), 1'000U);
  EXPECT_TRUE(killed.all<MassCancelDoneView>().empty());
  const Outcome rest = submit(Tick{});
  EXPECT_EQ(rest.all<OrderEvent>().size(), kOrders - 1'000);
  ASSERT_EQ(rest.all<MassCancelDoneView>().size(), 1U);
  EXPECT_EQ(rest.all<MassCancelDoneView>().at(0).mass_cancel_id, killed.result.engine_seq);
  EXPECT_EQ(rest.all<MassCancelDoneView>().at(0).count, kOrders);
}

TEST_F(AccountSettingsTest, PaysInFullAgainOnlyWithoutOpenOrders) {
  set(kAlice, [](AccountSettings& s) { s.kind = AccountKind::kMargin; });
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  const auto to_cash = [&] { return set(kAlice, [](AccountSettings& s) { s.kind = AccountKind::kCash; }).reason(); };
  EXPECT_EQ(to_cash(), Reason::kAccountKindNotAllowed);
  set_state(TradingState::kHalted, true);
  EXPECT_EQ(to_cash(), Reason::kNone);
}

TEST_F(AccountSettingsTest, ANewGroupHoldsForRestingOrdersToo) {
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  set(kAlice, [](AccountSettings& s) { s.has_self_trade_group = true, s.self_trade_group_id = 33; });
  const std::string saved = save(core_);
  Core restarted(small_limits(), 0);
  ASSERT_TRUE(load(restarted, saved));
  EXPECT_EQ(restarted.state_hash(), core_.state_hash());
  const Outcome met = submit(limit(kCarol, Side::kSell, 10'000, 100));
  EXPECT_EQ(met.all<PreventedMatchView>().size(), 1U);
  EXPECT_TRUE(met.all<TradeView>().empty());
}

TEST_F(AccountSettingsTest, ANewGroupHoldsForAnOrderThatWaitsForItsPrice) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  submit(limit(kDave, Side::kBuy, 10'000, 100));  // the last price
  const SpecialTerms at{.trigger_price = 10'100, .has_trigger_price = true};
  PlaceOrder stop = market(kAlice, Side::kBuy, 100);
  stop.type = OrderType::kStop;
  stop.special = &at;
  ASSERT_EQ(submit(stop).order().status, OrderStatus::kUntriggered);
  set(kAlice, [](AccountSettings& s) { s.has_self_trade_group = true, s.self_trade_group_id = 33; });
  submit(limit(kBob, Side::kSell, 10'100, 100));
  submit(limit(kCarol, Side::kSell, 10'100, 100));
  const Outcome triggered = submit(limit(kDave, Side::kBuy, 10'100, 100));
  EXPECT_EQ(triggered.all<TradeView>().size(), 1U);
  EXPECT_EQ(triggered.all<PreventedMatchView>().size(), 1U);  // Alice's with Carol's
}

TEST_F(AccountSettingsTest, FeesOfTheAccountChangeForLaterOrders) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  set(kBob, [](AccountSettings& s) { s.has_maker_fee = true, s.maker_fee_ppm = 0; });
  set(kAlice, [](AccountSettings& s) { s.has_taker_fee = true, s.taker_fee_ppm = 2'000; });
  const TradeView trade = submit(limit(kAlice, Side::kBuy, 10'000, 100)).all<TradeView>().at(0);
  EXPECT_EQ(trade.maker_fee, 500);
  EXPECT_EQ(trade.taker_fee, 2'000);
}

TEST_F(AccountSettingsTest, AreSavedAndTold) {
  set(kAlice, [](AccountSettings& s) {
    s.has_account_class = true, s.account_class = 3;
    s.has_limits = true, s.limits = {.max_order_lots = 1, .max_order_notional = 2, .max_position_lots = 3, .max_open_orders = 4};
    s.has_fee_tier = true, s.fee_tier = 5;
    s.has_self_trade_group = true, s.self_trade_group_id = 33;
    s.kind = AccountKind::kMargin, s.trading_state = TradingState::kReducing;
  });
  const auto told = [&] {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(kAlice, bytes));
    return read_account(bytes.view()).account;
  };
  const AccountView before = told();
  EXPECT_EQ(before.limits.max_open_orders, 4U);
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  EXPECT_EQ(told(), before);
  EXPECT_TRUE(submit(OpenAccount{kAlice, 0, 1'000, 500}).result.replayed);
}

}  // namespace
}  // namespace exchange::engine::testing
