// What the core tells when asked: an account, a snapshot, a depth; and its saved state.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class ViewTest : public Venue {
 protected:
  ViewTest() : Venue(small_limits(), 7) {}

  [[nodiscard]] std::vector<ReadPart> parts() const {
    std::vector<ReadPart> out;
    core_.snapshot_parts(4, [&](std::string_view part) { out.push_back(read_part(part)); });
    return out;
  }
};

TEST_F(ViewTest, NumbersCarryTheShard) {
  submit(limit(kBob, Side::kSell, 10'000, 100));
  const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'000, 100));
  EXPECT_EQ(taken.order().order_id, (std::uint64_t{7} << 56) + 2);
  EXPECT_EQ(taken.all<TradeView>().at(0).trade_id, (std::uint64_t{7} << 56) + 1);
}

TEST_F(ViewTest, TradesOfAnInstrumentAreNumberedFromOneAndASnapshotTellsTheLast) {
  submit(limit(kBob, Side::kSell, 10'000, 200));
  for (std::uint64_t n = 1; n <= 2; ++n) {
    const Outcome taken = submit(limit(kAlice, Side::kBuy, 10'000, 100));
    EXPECT_EQ(taken.all<TradeView>().at(0).trade_seq, n);
  }
  EXPECT_EQ(parts().at(0).books.at(0).trade_seq, 2U);
}

TEST_F(ViewTest, QueryTellsBalancesAndOpenOrdersByNumber) {
  const auto first = submit(limit(kAlice, Side::kSell, 10'000, 100)).order().order_id;
  const auto second = submit(limit(kAlice, Side::kBuy, 9'000, 120)).order().order_id;
  const auto third = submit(limit(kAlice, Side::kBuy, 9'500, 120)).order().order_id;
  submit(cancel(kAlice, third));
  ByteBuffer bytes;
  ASSERT_TRUE(core_.query(kAlice, bytes));
  const ReadAccount account = read_account(bytes.view());
  EXPECT_EQ(account.engine_seq, core_.last_stamp().engine_seq);
  ASSERT_EQ(account.open_orders.size(), 2U);
  EXPECT_EQ(account.open_orders[0].view.order_id, first);
  EXPECT_EQ(account.open_orders[1].view.order_id, second);
  EXPECT_EQ(account.balances.size(), 2U);
  EXPECT_FALSE(core_.query(99, bytes));
}

TEST_F(ViewTest, ASnapshotHasEveryBookAndOrderInPriorityOrder) {
  const auto back = submit(limit(kAlice, Side::kBuy, 9'000, 120)).order().order_id;
  const auto best = submit(limit(kAlice, Side::kBuy, 9'500, 120)).order().order_id;
  const auto later = submit(limit(kBob, Side::kBuy, 9'500, 110)).order().order_id;
  const auto offer = submit(limit(kBob, Side::kSell, 10'000, 110)).order().order_id;
  const std::vector<ReadPart> snapshot = parts();
  ASSERT_EQ(snapshot.size(), 1U);
  EXPECT_TRUE(snapshot[0].last);
  EXPECT_EQ(snapshot[0].shard, 7U);
  EXPECT_EQ(snapshot[0].epoch, 4U);
  EXPECT_EQ(snapshot[0].engine_seq, core_.last_stamp().engine_seq);
  EXPECT_EQ(snapshot[0].books, (std::vector<ReadBook>{{.book_seq = 4, .trade_seq = 0}}));
  std::vector<std::uint64_t> ids;
  for (const ReadOrder& order : snapshot[0].orders) ids.push_back(order.view.order_id);
  EXPECT_EQ(ids, (std::vector{best, later, back, offer}));
}

TEST_F(ViewTest, ALargeSnapshotComesInBoundedParts) {
  for (std::size_t i = 0; i < kSnapshotPartOrders + 1; ++i) submit(limit(kAlice, Side::kBuy, 9'000, 120));
  const std::vector<ReadPart> snapshot = parts();
  ASSERT_EQ(snapshot.size(), 2U);
  EXPECT_EQ(snapshot[0].orders.size(), kSnapshotPartOrders);
  EXPECT_FALSE(snapshot[0].last);
  EXPECT_EQ(snapshot[1].orders.size(), 1U);
  EXPECT_TRUE(snapshot[1].last);
}

TEST_F(ViewTest, DepthFillsWhatItIsGiven) {
  for (std::int64_t price = 9'000; price < 9'050; price += 5) submit(limit(kAlice, Side::kBuy, price, 120));
  std::vector<PriceLevel> levels(3);
  EXPECT_EQ(core_.depth(kBtcKk99, Side::kBuy, levels), 3U);
  EXPECT_EQ(levels[0], (PriceLevel{9'045, 120}));
  EXPECT_EQ(core_.depth(404, Side::kBuy, levels), std::nullopt);
}

TEST_F(ViewTest, ASavedStateLoadsOnlyWhereItBelongs) {
  submit(limit(kAlice, Side::kBuy, 9'000, 120));
  const std::string saved = save(core_);
  Core other_shard(small_limits(), 8);
  EXPECT_FALSE(load(other_shard, saved));
  Limits less = small_limits();
  less.accounts = 2;
  Core smaller(less, 7);
  EXPECT_FALSE(load(smaller, saved));
  Core same(small_limits(), 7);
  EXPECT_TRUE(load(same, saved));
  EXPECT_EQ(same.state_hash(), core_.state_hash());
  EXPECT_EQ(same.last_stamp().engine_seq, core_.last_stamp().engine_seq);
}

TEST_F(ViewTest, TheHashFollowsTheState) {
  const std::uint64_t before = core_.state_hash();
  EXPECT_EQ(core_.state_hash(), before);
  submit(Tick{});
  EXPECT_NE(core_.state_hash(), before);
}

}  // namespace
}  // namespace exchange::engine::testing
