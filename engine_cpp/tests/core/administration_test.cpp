// What comes in from outside the market: listings, accounts, transfers, the passing of time.
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

using ListingTest = Venue;

TEST_F(ListingTest, TheSameListingAgainChangesNothing) {
  const Outcome again = submit(encode(btc_kk99()));
  EXPECT_EQ(again.reason(), Reason::kNone);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.result.engine_seq, 1U);
  EXPECT_TRUE(again.events.empty());
}

TEST_F(ListingTest, WhatTheCoreDoesNotDoYetIsRefusedAndChangesNothing) {
  InstrumentDefinition future = eth_btc();
  future.terms.kind = InstrumentKind::kFuture;
  future.terms.settlement_method = SettlementMethod::kPhysical;
  const std::uint64_t before = core_.counts().instruments;
  const Outcome refused = submit(encode(future));
  EXPECT_EQ(refused.reason(), Reason::kNotSupported);
  EXPECT_TRUE(refused.events.empty());
  EXPECT_EQ(core_.counts().instruments, before);
}

TEST_F(ListingTest, ASecurityIsPaidInFullLikeAPair) {
  InstrumentDefinition share = eth_btc();
  share.asset_class = AssetClass::kEquity;
  share.terms.kind = InstrumentKind::kSecurity;
  EXPECT_EQ(submit(encode(share)).reason(), Reason::kNone);
  EXPECT_TRUE(submit(encode(share)).result.replayed);
  share.terms.kind = InstrumentKind::kSpot;
  EXPECT_EQ(submit(UpdateInstrument{&share}).reason(), Reason::kInstrumentConflict);
  InstrumentDefinition late = acme_kk99();
  late.terms.kind = InstrumentKind::kSpot;
  EXPECT_EQ(submit(encode(late)).reason(), Reason::kInstrumentInvalid);
}

TEST_F(ListingTest, TheOnlyVersionOfTheRulesIsActive) {
  const Outcome again = submit(encode(ActivateRules{1}));
  EXPECT_EQ(again.reason(), Reason::kNone);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(submit(encode(ActivateRules{0})).reason(), Reason::kRulesVersionUnknown);
  EXPECT_EQ(submit(encode(ActivateRules{2})).reason(), Reason::kRulesVersionUnknown);
}

TEST_F(ListingTest, AnotherUnderTheSameNameIsAConflict) {
  const auto listed_as = [&](auto change) {
    InstrumentDefinition d = btc_kk99();
    change(d);
    return submit(encode(d)).reason();
  };
  EXPECT_EQ(listed_as([](auto& d) { d.tick = 10; }), Reason::kInstrumentConflict);
  EXPECT_EQ(listed_as([](auto& d) { d.instrument_id = 90; }), Reason::kInstrumentConflict);
  const auto renamed = [](auto& d) { d.instrument_id = 90, d.symbol = "NEW-KK99"; };
  EXPECT_EQ(listed_as([&](auto& d) { renamed(d), d.base.asset_id = 9; }), Reason::kInstrumentConflict);
  EXPECT_EQ(listed_as([&](auto& d) { renamed(d), d.base.symbol = "NEW"; }), Reason::kInstrumentConflict);
  EXPECT_EQ(listed_as([&](auto& d) { renamed(d), d.quote.scale = 7, d.min_notional = 10'000'000; }),
            Reason::kInstrumentConflict);
  EXPECT_EQ(listed_as(renamed), Reason::kNone);
}

TEST_F(ListingTest, RulesAreHeld) {
  const auto invalid = [&](auto change) {
    InstrumentDefinition d = btc_kk99();
    d.instrument_id = 91;
    d.symbol = "OTHER-KK99";
    change(d);
    return submit(encode(d)).reason() == Reason::kInstrumentInvalid;
  };
  EXPECT_TRUE(invalid([](auto& d) { d.instrument_id = 0; }));
  EXPECT_TRUE(invalid([](auto& d) { d.symbol = "lower"; }));
  EXPECT_TRUE(invalid([](auto& d) { d.symbol = "X"; }));
  EXPECT_TRUE(invalid([](auto& d) { d.symbol = "-X-"; }));
  EXPECT_TRUE(invalid([](auto& d) { d.base = d.quote; }));
  EXPECT_TRUE(invalid([](auto& d) { d.base.symbol = "THIRTEENCHARS"; }));
  EXPECT_TRUE(invalid([](auto& d) { d.base.scale = 19; }));
  EXPECT_TRUE(invalid([](auto& d) { d.price_scale = 10; }));
  EXPECT_TRUE(invalid([](auto& d) { d.quantity_scale = 9; }));  // finer than the base asset
  EXPECT_TRUE(invalid([](auto& d) { d.price_scale = 5, d.lot = 1, d.min_quantity = 1; }));  // no whole quote unit
  EXPECT_TRUE(invalid([](auto& d) { d.tick = 0; }));
  EXPECT_TRUE(invalid([](auto& d) { d.lot = -1; }));
  EXPECT_TRUE(invalid([](auto& d) { d.min_quantity = 0; }));
  EXPECT_TRUE(invalid([](auto& d) { d.max_quantity = d.min_quantity - 1; }));
  EXPECT_TRUE(invalid([](auto& d) { d.max_quantity = INT64_MAX; }));
  EXPECT_TRUE(invalid([](auto& d) { d.min_notional = 999'999; }));  // under 1 KK99
  EXPECT_TRUE(invalid([](auto& d) { d.max_notional = INT64_MAX; }));
  EXPECT_TRUE(invalid([](auto& d) { d.market_protection_bps = 0; }));
  EXPECT_TRUE(invalid([](auto& d) { d.market_protection_bps = 10'001; }));
  EXPECT_FALSE(invalid([](auto&) {}));
}

using AccountTest = Venue;

TEST_F(AccountTest, OpensOnce) {
  const Outcome again = submit(OpenAccount{kAlice, 0, 1'000, 500});
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.result.engine_seq, 2U);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(submit(OpenAccount{kAlice, kAlice, 1'000, 500}).reason(), Reason::kNone);  // its own group, said aloud
  EXPECT_EQ(submit(OpenAccount{kAlice, 0, 999, 500}).reason(), Reason::kAccountConflict);
  EXPECT_EQ(submit(OpenAccount{0, 0, 0, 0}).reason(), Reason::kInvalidField);
  EXPECT_EQ(submit(OpenAccount{9, 0, 100'001, 0}).reason(), Reason::kInvalidField);
  const Outcome opened = submit(OpenAccount{9, 0, 0, 0});
  EXPECT_EQ(opened.all<OpenAccount>().at(0).self_trade_group_id, 9U);
}

class TransferTest : public Venue {
 protected:
  Outcome move(TransferDirection direction, std::uint64_t seq, std::int64_t amount, std::uint64_t account = kAlice,
               std::uint32_t asset = kKk99) {
    return submit(Transfer{direction, seq, account, asset, amount});
  }
  std::uint64_t next() { return ++transfer_seq_; }
};

TEST_F(TransferTest, MovesValueAndTellsIt) {
  const Outcome in = move(TransferDirection::kIn, next(), 500);
  EXPECT_EQ(in.all<TransferEvent>().at(0).reason, Reason::kNone);
  EXPECT_EQ(in.all<BalanceChangeView>().at(0).amount, 500);
  const Outcome out = move(TransferDirection::kOut, next(), kFundsKk99 + 500);
  EXPECT_EQ(out.all<BalanceChangeView>().at(0).kind, BalanceChangeKind::kTransferOut);
  EXPECT_EQ(balance(kAlice, kKk99).available, 0);
}

TEST_F(TransferTest, ARefusedOneConsumesItsNumber) {
  const std::uint64_t seq = next();
  const Outcome refused = move(TransferDirection::kOut, seq, kFundsKk99 + 1);
  EXPECT_EQ(refused.reason(), Reason::kTransferInsufficient);
  EXPECT_EQ(refused.all<TransferEvent>().at(0).reason, Reason::kTransferInsufficient);
  EXPECT_TRUE(refused.all<BalanceChangeView>().empty());
  EXPECT_EQ(move(TransferDirection::kIn, next(), 0).reason(), Reason::kAmountOutOfRange);
  EXPECT_EQ(move(TransferDirection::kIn, next(), INT64_MAX).reason(), Reason::kAmountOutOfRange);
  EXPECT_EQ(move(TransferDirection::kIn, next(), std::int64_t{1} << 61).reason(), Reason::kAmountOutOfRange);
  EXPECT_EQ(move(TransferDirection::kIn, next(), 5, kAlice, 404).reason(), Reason::kUnknownAsset);
  EXPECT_EQ(move(TransferDirection::kIn, next(), 5).reason(), Reason::kNone);
}

TEST_F(TransferTest, HeldValueStaysIn) {
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_EQ(move(TransferDirection::kOut, next(), kFundsKk99).reason(), Reason::kTransferInsufficient);
}

TEST_F(TransferTest, ARepeatGetsTheFirstAnswer) {
  const std::uint64_t seq = next();
  const Outcome first = move(TransferDirection::kOut, seq, kFundsKk99 + 1);
  move(TransferDirection::kIn, next(), 10);
  const Outcome again = move(TransferDirection::kOut, seq, kFundsKk99 + 1);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.reason(), Reason::kTransferInsufficient);
  EXPECT_EQ(again.result.engine_seq, first.result.engine_seq);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(move(TransferDirection::kOut, seq, 1).reason(), Reason::kRequestIdReused);
}

TEST_F(TransferTest, AGapConsumesNothing) {
  const std::uint64_t seq = next();
  EXPECT_EQ(move(TransferDirection::kIn, seq + 1, 5).reason(), Reason::kTransferSequenceGap);
  EXPECT_EQ(move(TransferDirection::kIn, 0, 5).reason(), Reason::kTransferSequenceGap);
  EXPECT_EQ(move(TransferDirection::kIn, seq, 5).reason(), Reason::kNone);
}

// Otherwise one account that is not open yet would hold up everybody's transfers.
TEST_F(TransferTest, AnUnknownAccountConsumesTheNumberAndTheEventSaysSo) {
  const std::uint64_t seq = next();
  const Outcome refused = move(TransferDirection::kIn, seq, 5, 99);
  EXPECT_EQ(refused.reason(), Reason::kUnknownAccount);
  EXPECT_EQ(refused.all<TransferEvent>().at(0).reason, Reason::kUnknownAccount);
  EXPECT_TRUE(move(TransferDirection::kIn, seq, 5, 99).result.replayed);
  EXPECT_EQ(move(TransferDirection::kIn, seq + 1, 5).reason(), Reason::kNone);
}

TEST_F(TransferTest, CollectedFeesCanLeave) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_EQ(move(TransferDirection::kOut, next(), 1'500, 0).reason(), Reason::kNone);
  EXPECT_EQ(balance(0, kKk99).available, 0);
}

using ExpiryTest = Venue;

TEST_F(ExpiryTest, AnOrderEndsAfterNinetyDays) {
  EXPECT_FALSE(core_.next_deadline().has_value());
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_EQ(core_.next_deadline(), now_ns_ + 90 * kDay);
  now_ns_ += 90 * kDay - 1;
  EXPECT_TRUE(submit(Tick{}).events.empty());
  now_ns_ += 1;
  const Outcome due = submit(Tick{});
  const OrderView order = due.all<OrderEvent>().at(0).order.view;
  EXPECT_EQ(order.status, OrderStatus::kExpired);
  EXPECT_EQ(order.end_reason, EndReason::kTooOld);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  EXPECT_FALSE(core_.next_deadline().has_value());
}

TEST_F(ExpiryTest, RunsBeforeTheCommandThatBringsTheTime) {
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  now_ns_ += 90 * kDay;
  const Outcome late = submit(market(kBob, Side::kSell, 100));
  EXPECT_EQ(late.reason(), Reason::kNoLiquidity);
  EXPECT_EQ(late.all<OrderEvent>().at(0).cause, OrderUpdateCause::kExpired);
}

TEST_F(ExpiryTest, OneCommandExpiresABoundedNumber) {
  for (std::size_t i = 0; i <= kMaxExpiriesPerCommand; ++i) submit(limit(kAlice, Side::kBuy, 10'000, 100));
  now_ns_ += 90 * kDay;
  EXPECT_EQ(submit(Tick{}).all<OrderEvent>().size(), kMaxExpiriesPerCommand);
  EXPECT_LE(core_.next_deadline().value(), now_ns_);
  EXPECT_EQ(submit(Tick{}).all<OrderEvent>().size(), 1U);
}

}  // namespace
}  // namespace exchange::engine::testing
