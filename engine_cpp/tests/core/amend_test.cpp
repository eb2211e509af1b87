// Amending: both ids stay, priority is kept only where nothing is taken from others, and a refused amend changes nothing.
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class AmendTest : public Venue {
 protected:
  [[nodiscard]] AmendOrder amend(std::uint64_t account, const OrderView& order) const {
    return {.account_id = account, .order_id = order.order_id, .valid_until_ns = now_ns_ + kMinute};
  }
  [[nodiscard]] AmendOrder resize(std::uint64_t account, const OrderView& order, std::int64_t quantity) const {
    AmendOrder out = amend(account, order);
    out.size = AmendSize::kTotal;
    out.quantity = quantity;
    return out;
  }
  [[nodiscard]] AmendOrder reprice(std::uint64_t account, const OrderView& order, std::int64_t price) const {
    AmendOrder out = amend(account, order);
    out.has_price = true;
    out.price = price;
    return out;
  }
  // Who trades first with a sell of 200 at any price.
  [[nodiscard]] std::uint64_t first_buyer() {
    return submit(market(kDave, Side::kSell, 200)).all<TradeView>().at(0).maker_account_id;
  }
};

TEST_F(AmendTest, ASmallerOrderKeepsItsPlace) {
  const OrderView first = submit(limit(kAlice, Side::kBuy, 10'000, 200)).order();
  submit(limit(kBob, Side::kBuy, 10'000, 200));
  const Outcome amended = submit(resize(kAlice, first, 150));
  EXPECT_EQ(amended.order().quantity, 150);
  EXPECT_EQ(amended.order().leaves_quantity, 150);
  EXPECT_EQ(amended.order().version, first.version + 1);
  EXPECT_EQ(amended.all<OrderEvent>().at(0).cause, OrderUpdateCause::kAmended);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 350}}));
  EXPECT_EQ(first_buyer(), kAlice);
}

TEST_F(AmendTest, ALargerOrMovedOrRequeuedOrderGoesToTheBack) {
  const OrderView first = submit(limit(kAlice, Side::kBuy, 10'000, 1'000)).order();
  submit(limit(kBob, Side::kBuy, 10'000, 1'000));
  submit(resize(kAlice, first, 1'010));
  EXPECT_EQ(first_buyer(), kBob);
  submit(reprice(kAlice, first, 10'005));
  submit(reprice(kAlice, first, 10'000));
  EXPECT_EQ(first_buyer(), kBob);
  submit(limit(kCarol, Side::kBuy, 10'000, 1'000));
  AmendOrder requeued = amend(kBob, submit(limit(kBob, Side::kBuy, 10'005, 300)).order());
  requeued.requeue = true;
  submit(limit(kAlice, Side::kBuy, 10'005, 300));
  submit(requeued);
  EXPECT_EQ(first_buyer(), kAlice);
}

TEST_F(AmendTest, ACrossingAmendTakes) {
  submit(limit(kBob, Side::kSell, 10'100, 120));
  const OrderView order = submit(limit(kAlice, Side::kBuy, 10'000, 200)).order();
  const Outcome amended = submit(reprice(kAlice, order, 10'100));
  EXPECT_EQ(amended.all<TradeView>().at(0).taker_order_id, order.order_id);
  EXPECT_EQ(amended.order().cum_quantity, 120);
  EXPECT_EQ(amended.order().leaves_quantity, 80);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'100, 80}}));
}

TEST_F(AmendTest, ThePartThatWasFilledCounts) {
  const OrderView order = submit(limit(kAlice, Side::kBuy, 10'000, 200)).order();
  submit(market(kBob, Side::kSell, 120));
  EXPECT_EQ(submit(resize(kAlice, order, 150)).order().leaves_quantity, 30);
  AmendOrder open = resize(kAlice, order, 40);
  open.size = AmendSize::kOpen;
  EXPECT_EQ(submit(open).order().quantity, 160);
  const Outcome gone = submit(resize(kAlice, order, 120));
  EXPECT_EQ(gone.order().status, OrderStatus::kCancelled);
  EXPECT_EQ(gone.order().end_reason, EndReason::kAmendedAway);
  EXPECT_EQ(gone.order().quantity, 160);
  EXPECT_EQ(gone.order().cancelled_quantity, 40);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(AmendTest, ARefusedAmendChangesNothing) {
  const OrderView order = submit(limit(kAlice, Side::kBuy, 10'000, 200)).order();
  const BalanceChangeView before = balance(kAlice, kKk99);
  AmendOrder stale = resize(kAlice, order, 150);
  stale.expected_version = 7;
  EXPECT_EQ(submit(stale).reason(), Reason::kVersionMismatch);
  EXPECT_EQ(submit(reprice(kAlice, order, 10'001)).reason(), Reason::kPriceNotOnTick);
  EXPECT_EQ(submit(resize(kAlice, order, 151)).reason(), Reason::kQuantityNotOnLot);
  EXPECT_EQ(submit(reprice(kAlice, order, 5'000'000'000)).reason(), Reason::kInsufficientFunds);
  EXPECT_EQ(submit(amend(kAlice, order)).reason(), Reason::kOrderFieldsConflict);
  EXPECT_EQ(submit(resize(kBob, order, 150)).reason(), Reason::kOrderNotFound);
  EXPECT_EQ(balance(kAlice, kKk99).held, before.held);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 200}}));
}

TEST_F(AmendTest, NumbersAtTheScalesOfAnotherInstrumentFindNoOrder) {
  const OrderView order = submit(limit(kAlice, Side::kBuy, 10'000, 200)).order();
  AmendOrder amend = resize(kAlice, order, 150);
  amend.instrument_id = order.instrument_id + 1;
  const auto refused = submit(amend);
  EXPECT_EQ(refused.reason(), Reason::kOrderNotFound);
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{10'000, 200}}));
  amend.instrument_id = order.instrument_id;
  EXPECT_EQ(submit(amend).order().quantity, 150);
}

TEST_F(AmendTest, PostOnlyIsCheckedAgain) {
  submit(limit(kBob, Side::kSell, 10'100, 120));
  PlaceOrder placed = limit(kAlice, Side::kBuy, 10'000, 200);
  placed.post_only = true;
  const OrderView order = submit(placed).order();
  EXPECT_EQ(submit(reprice(kAlice, order, 10'100)).reason(), Reason::kPostOnlyWouldCross);
  EXPECT_EQ(submit(reprice(kAlice, order, 10'095)).reason(), Reason::kNone);
}

TEST_F(AmendTest, ARepeatedRequestIsAnsweredAsAtFirst) {
  const OrderView order = submit(limit(kAlice, Side::kBuy, 10'000, 200)).order();
  AmendOrder request = resize(kAlice, order, 150);
  request.request_id = "amend-1";
  request.fingerprint = 9;
  const OrderView first = submit(request).order();
  submit(cancel(kAlice, order.order_id));
  const Outcome again = submit(request);
  EXPECT_TRUE(again.result.replayed);
  EXPECT_EQ(again.order().status, OrderStatus::kNew);
  EXPECT_EQ(again.order().leaves_quantity, first.leaves_quantity);
  EXPECT_EQ(again.order().version, first.version);
}

}  // namespace
}  // namespace exchange::engine::testing
