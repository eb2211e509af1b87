// Margin: what it takes to enter and to amend, what limits a position, who may trade on it.
#include "margin_venue.hpp"

namespace exchange::engine::testing {
namespace {

class MarginTest : public MarginVenue {};

TEST_F(MarginTest, AnOrderTakesItsInitialMarginAndItsWorstFeeToTheUnit) {
  leave(kAlice, 5'050'000);  // a tenth of 10 contracts, and 1,000 millionths of them: one unit short
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 50, 10)).reason(), Reason::kInsufficientMargin);
  fund(kAlice, kKk99, 1);
  const Outcome placed = submit(oil(kAlice, Side::kBuy, 50, 10));
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_TRUE(placed.all<BalanceChangeView>().empty());
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(MarginTest, OnlyTheLargerOfTheTwoWorstPositionsCounts) {
  leave(kAlice, 5'200'000);
  ASSERT_EQ(submit(oil(kAlice, Side::kBuy, 45, 10)).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 45, 1)).reason(), Reason::kInsufficientMargin);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 55, 10)).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 55, 1)).reason(), Reason::kInsufficientMargin);
}

TEST_F(MarginTest, EquityIsCollateralAndTheResultAtTheMark) {
  leave(kAlice, 2'000'000);
  ASSERT_EQ(trade(kAlice, kBob, 50, 2).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 50, 3)).reason(), Reason::kInsufficientMargin);
  mark(kOilFuture, 60);  // two contracts gained a KK99 each
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 50, 3)).reason(), Reason::kNone);
}

TEST_F(MarginTest, WhoExposesHimselfNoFurtherGetsOutWhateverHeLost) {
  leave(kAlice, 5'200'000);
  ASSERT_EQ(trade(kAlice, kBob, 50, 10).reason(), Reason::kNone);
  mark(kOilFuture, 48);  // the initial margin is no longer covered, the maintenance margin is
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 45, 1)).reason(), Reason::kInsufficientMargin);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 50, 10)).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 50, 11)).reason(), Reason::kInsufficientMargin);
}

TEST_F(MarginTest, AnAmendIsMeasuredAsTheOrderWouldBe) {
  leave(kAlice, 5'200'000);
  const Outcome placed = submit(oil(kAlice, Side::kBuy, 45, 9));
  AmendOrder amend{.account_id = kAlice,
                   .order_id = placed.order().order_id,
                   .quantity = 11,
                   .valid_until_ns = now_ns_ + kMinute,
                   .size = AmendSize::kTotal};
  EXPECT_EQ(submit(amend).reason(), Reason::kInsufficientMargin);
  amend.quantity = 10;
  EXPECT_EQ(submit(amend).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 45, 1)).reason(), Reason::kInsufficientMargin);
  amend.quantity = 5;
  EXPECT_EQ(submit(amend).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 45, 5)).reason(), Reason::kNone);
}

TEST_F(MarginTest, TheClassDecidesTheLeverage) {
  SetMarginParameters high = parameters(kEurKk99);
  high.account_class = 7;
  high.initial_margin_ppm = 2'000;
  high.maintenance_margin_ppm = 1'000;
  high.max_leverage = 500;
  ASSERT_EQ(submit(high).reason(), Reason::kNone);
  leave(kAlice, 40'000'000);
  PlaceOrder order = limit(kAlice, Side::kBuy, 11'000, 1'000'000);  // 11,000 KK99: 22 and a fee of 11
  order.instrument_id = kEurKk99;
  EXPECT_EQ(submit(order).reason(), Reason::kInsufficientMargin);
  AccountSettings settings;
  settings.account_id = kAlice;
  settings.has_account_class = true;
  settings.account_class = 7;
  submit(SetAccount{&settings});
  order = on(kEurKk99, limit(kAlice, Side::kBuy, 11'000, 1'000'000));
  EXPECT_EQ(submit(order).reason(), Reason::kNone);
}

TEST_F(MarginTest, WhatMarginNeedsIsNeitherSpentNorTransferred) {
  leave(kAlice, 5'050'001 + 100);
  ASSERT_EQ(submit(oil(kAlice, Side::kBuy, 50, 10)).reason(), Reason::kNone);
  const auto out = [&](std::int64_t amount) {
    return submit(Transfer{TransferDirection::kOut, ++transfer_seq_, kAlice, kKk99, amount}).reason();
  };
  EXPECT_EQ(out(101), Reason::kTransferInsufficient);
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 5'000, 200)).reason(), Reason::kInsufficientFunds);
  EXPECT_EQ(out(100), Reason::kNone);
}

TEST_F(MarginTest, OnlyAnAccountOnMarginTradesOnMargin) {
  EXPECT_EQ(submit(oil(kDave, Side::kBuy, 50, 1)).reason(), Reason::kAccountKindNotAllowed);
  ASSERT_EQ(submit(oil(kAlice, Side::kBuy, 50, 1)).reason(), Reason::kNone);
  EXPECT_EQ(become(kAlice, AccountKind::kCash).reason(), Reason::kAccountKindNotAllowed);
  ASSERT_EQ(submit(oil(kBob, Side::kSell, 50, 1)).reason(), Reason::kNone);
  EXPECT_EQ(become(kAlice, AccountKind::kCash).reason(), Reason::kAccountKindNotAllowed);
  ASSERT_EQ(trade(kBob, kAlice, 50, 1).reason(), Reason::kNone);
  EXPECT_EQ(become(kAlice, AccountKind::kCash).reason(), Reason::kNone);
}

TEST_F(MarginTest, ItTakesParametersAndAMarkPrice) {
  InstrumentDefinition copper = oil_future();
  copper.instrument_id = 30;
  copper.symbol = "COPPER";
  copper.asset_class = AssetClass::kCommodity;
  copper.terms.kind = InstrumentKind::kCommodityMargin;
  ASSERT_EQ(submit(encode(copper)).reason(), Reason::kNone);
  EXPECT_EQ(submit(on(30, oil(kAlice, Side::kBuy, 50, 1))).reason(), Reason::kMarginParametersMissing);
  submit(parameters(30));
  EXPECT_EQ(submit(on(30, oil(kAlice, Side::kBuy, 50, 1))).reason(), Reason::kNoReferencePrice);
  mark(30, 50);
  EXPECT_EQ(submit(on(30, oil(kAlice, Side::kBuy, 50, 1))).reason(), Reason::kNone);
}

TEST_F(MarginTest, APositionIsLimitedByTheInstrumentAndByTheAccount) {
  InstrumentDefinition limited = oil_future();
  limited.terms.max_position = 12;
  ASSERT_EQ(submit(UpdateInstrument{&limited}).reason(), Reason::kNone);
  ASSERT_EQ(trade(kAlice, kBob, 50, 5).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 45, 8)).reason(), Reason::kPositionLimit);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 45, 4)).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 45, 4)).reason(), Reason::kPositionLimit);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 55, 17)).reason(), Reason::kNone);
  AccountSettings settings;
  settings.account_id = kBob;
  settings.has_limits = true;
  settings.limits.max_position_lots = 7;
  submit(SetAccount{&settings});
  EXPECT_EQ(submit(oil(kBob, Side::kSell, 60, 3)).reason(), Reason::kPositionLimit);
  EXPECT_EQ(submit(oil(kBob, Side::kSell, 60, 2)).reason(), Reason::kNone);
}

TEST_F(MarginTest, InReducingOnlyASmallerPositionIsTraded) {
  ASSERT_EQ(trade(kAlice, kBob, 50, 5).reason(), Reason::kNone);
  AccountSettings settings;
  settings.account_id = kAlice;
  settings.trading_state = TradingState::kReducing;
  submit(SetAccount{&settings});
  EXPECT_EQ(submit(oil(kAlice, Side::kBuy, 45, 1)).reason(), Reason::kTradingState);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 55, 6)).reason(), Reason::kTradingState);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 55, 3)).reason(), Reason::kNone);
  EXPECT_EQ(submit(oil(kAlice, Side::kSell, 55, 3)).reason(), Reason::kTradingState);
}

TEST_F(MarginTest, AStopIsMeasuredAgainAtItsTrigger) {
  leave(kAlice, 5'200'000);
  PlaceOrder stop = oil(kAlice, Side::kBuy, 60, 8);
  const SpecialTerms terms{.trigger_price = 55, .has_trigger_price = true};
  stop.type = OrderType::kStopLimit;
  stop.special = &terms;
  ASSERT_EQ(submit(stop).reason(), Reason::kNone);
  mark(kOilFuture, 50);
  const Outcome fired = mark(kOilFuture, 75);  // the margin of eight contracts is now 6 KK99
  const auto updates = fired.all<OrderEvent>();
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[1].cause, OrderUpdateCause::kCancelled);
  EXPECT_EQ(updates[1].order.view.end_reason, EndReason::kRiskAtTrigger);
}

TEST_F(MarginTest, ABudgetBuysNothingOnMargin) {
  PlaceOrder order = market(kAlice, Side::kBuy, 0);
  order.instrument_id = kOilFuture;
  order.quote_budget = 10'000'000;
  EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
}

TEST_F(MarginTest, AValidationTellsAllThatSpeaksAgainstAPosition) {
  leave(kAlice, 1'000);
  AccountSettings settings;
  settings.account_id = kAlice;
  settings.trading_state = TradingState::kReducing;
  settings.has_limits = true;
  settings.limits.max_position_lots = 1;
  submit(SetAccount{&settings});
  PlaceOrder order = oil(kAlice, Side::kBuy, 50, 2);
  const SpecialTerms terms{.validate_only = true};
  order.special = &terms;
  EXPECT_EQ(submit(order).result.all_reasons,
            (std::vector{Reason::kTradingState, Reason::kPositionLimit, Reason::kInsufficientMargin}));
}

TEST_F(MarginTest, AValidationTellsByHowMuchTheMarginWouldRise) {
  leave(kAlice, 6'000'000);
  submit(oil(kAlice, Side::kBuy, 50, 10));
  const SpecialTerms terms{.validate_only = true};
  const auto cost = [&](PlaceOrder order) {
    order.special = &terms;
    return submit(order).result.cost.value();
  };
  const OrderCostView buy = cost(oil(kAlice, Side::kBuy, 50, 10));
  EXPECT_EQ(std::tuple(buy.asset_id, buy.required, buy.available), std::tuple(kKk99, 5'050'001, 949'999));
  EXPECT_EQ(cost(oil(kAlice, Side::kSell, 50, 10)).required, 50'001);  // the other side has the larger margin: the fee
}

TEST_F(MarginTest, ParametersHaveToAgree) {
  const auto answer = [&](auto change) {
    SetMarginParameters command = parameters(kOilFuture);
    change(command);
    return submit(command).reason();
  };
  EXPECT_EQ(answer([](auto& p) { p.maintenance_margin_ppm = 100'001; }), Reason::kMarginParametersInvalid);
  EXPECT_EQ(answer([](auto& p) { p.max_leverage = 9; }), Reason::kMarginParametersInvalid);
  EXPECT_EQ(answer([](auto& p) { p.max_leverage = 501; }), Reason::kInvalidField);
  EXPECT_EQ(answer([](auto& p) { p.short_option_margin = 1; }), Reason::kMarginParametersInvalid);
  EXPECT_EQ(answer([](auto& p) { p.instrument_id = kBtcKk99; }), Reason::kMarginParametersInvalid);
  EXPECT_EQ(answer([](auto& p) { p.instrument_id = 99; }), Reason::kUnknownInstrument);
  EXPECT_EQ(submit(parameters(kOilOption, 0)).reason(), Reason::kMarginParametersInvalid);
  const Outcome repeated = submit(parameters(kOilFuture));
  EXPECT_EQ(repeated.reason(), Reason::kNone);
  EXPECT_TRUE(repeated.events.empty());
  SetMarginParameters changed = parameters(kOilFuture);
  changed.liquidation_penalty_ppm = 5;
  EXPECT_EQ(submit(changed).all<MarginParametersEvent>().at(0).parameters.liquidation_penalty_ppm, 5U);
}

TEST_F(MarginTest, NoFeeEatsTheMarginAtTheLeverageAllowed) {
  SetMarginParameters high = parameters(kOilFuture);
  high.max_leverage = 500;  // a margin of 2,000 millionths
  ASSERT_EQ(submit(high).reason(), Reason::kNone);
  const std::vector<FeeTier> low = {{0, 1'999, 0}};
  const std::vector<FeeTier> eats = {{0, 2'000, 0}};
  EXPECT_EQ(submit(SetFeeSchedule{1, eats}).reason(), Reason::kFeeScheduleInvalid);
  EXPECT_EQ(submit(SetFeeSchedule{1, low}).reason(), Reason::kNone);
  ASSERT_EQ(submit(SetFeeSchedule{2, eats}).reason(), Reason::kNone);
  InstrumentDefinition dear = oil_future();
  dear.terms.fee_schedule_id = 2;
  EXPECT_EQ(submit(UpdateInstrument{&dear}).reason(), Reason::kInstrumentInvalid);
  dear.instrument_id = 30;
  dear.symbol = "DEAR";
  ASSERT_EQ(submit(encode(dear)).reason(), Reason::kNone);
  high.instrument_id = 30;
  EXPECT_EQ(submit(high).reason(), Reason::kMarginParametersInvalid);
}

TEST_F(MarginTest, AListingOnMarginNamesWhatItBuildsOn) {
  const auto answer = [&](InstrumentDefinition listing, auto change) {
    listing.instrument_id = 40;
    listing.symbol = "NEW";
    change(listing.terms);
    return submit(encode(listing)).reason();
  };
  EXPECT_EQ(answer(oil_future(), [](auto& t) { t.fee_schedule_id = 0; }), Reason::kUnknownFeeSchedule);
  EXPECT_EQ(answer(oil_future(), [](auto& t) { t.multiplier = 0; t.multiplier = -1; }), Reason::kInstrumentInvalid);
  EXPECT_EQ(answer(oil_option(), [](auto& t) { t.underlying_id = 99; }), Reason::kInstrumentInvalid);
  EXPECT_EQ(answer(oil_option(), [](auto& t) { t.underlying_id = kOilOption; }), Reason::kInstrumentInvalid);
  EXPECT_EQ(answer(oil_option(), [](auto& t) { t.underlying_id = kEurJpy; }), Reason::kInstrumentInvalid);
  EXPECT_EQ(answer(oil_future(), [](auto& t) { t.kind = InstrumentKind::kOption; }), Reason::kInstrumentInvalid);
}

TEST_F(MarginTest, TheVenuesOwnAccountsTradeNothingAndAreOpenedByNobody) {
  EXPECT_EQ(submit(OpenAccount{kInsuranceAccount, 0, 0, 0}).reason(), Reason::kInvalidField);
  EXPECT_EQ(submit(OpenAccount{clearing_account(kOilFuture), 0, 0, 0}).reason(), Reason::kInvalidField);
  EXPECT_EQ(submit(oil(kInsuranceAccount, Side::kBuy, 50, 1)).reason(), Reason::kUnknownAccount);
  EXPECT_EQ(become(clearing_account(kOilFuture), AccountKind::kMargin).reason(), Reason::kUnknownAccount);
  EXPECT_EQ(fund(kInsuranceAccount, kKk99, 1'000).reason(), Reason::kNone);
  EXPECT_EQ(money(kInsuranceAccount), 1'000);
  EXPECT_EQ(fund(clearing_account(kOilFuture), kKk99, 1'000).reason(), Reason::kUnknownAccount);
}

}  // namespace
}  // namespace exchange::engine::testing
