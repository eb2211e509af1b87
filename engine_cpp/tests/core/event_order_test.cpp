// In one block of events both private fills come before their public trade, whatever made it.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "played.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::uint64_t kCommandsPerSeed = 40'000;

class EventOrderTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  // A trade that was not told has its fills; one that was has none after it.
  void follow(const ReadBlock& block) {
    std::map<std::uint64_t, std::vector<std::uint64_t>> filled;  // orders, by a trade that is still to be told
    for (const ReadEvent& event : block.events) {
      if (const auto* order = std::get_if<OrderEvent>(&event); order != nullptr && order->fill) {
        filled[order->fill->trade_id].push_back(order->order.view.order_id);
      }
      if (const auto* trade = std::get_if<TradeView>(&event)) tell(*trade, filled);
    }
    EXPECT_TRUE(filled.empty()) << "a fill without a trade after it, in command " << block.engine_seq;
  }

  std::uint64_t trades_ = 0;

 private:
  void tell(const TradeView& trade, std::map<std::uint64_t, std::vector<std::uint64_t>>& filled) {
    std::vector<std::uint64_t> orders = filled[trade.trade_id];
    std::ranges::sort(orders);
    std::vector<std::uint64_t> both = {trade.maker_order_id, trade.taker_order_id};
    std::ranges::sort(both);
    EXPECT_EQ(orders, both) << "of trade " << trade.trade_id;
    filled.erase(trade.trade_id);
    ++trades_;
  }
};

TEST_P(EventOrderTest, BothPrivateFillsComeBeforeTheirPublicTrade) {
  play(GetParam(), kCommandsPerSeed,
       [this](const ByteBuffer&, const ByteBuffer& events) { follow(read_blocks(events).front()); });
  EXPECT_GT(trades_, 100U);
}

INSTANTIATE_TEST_SUITE_P(Streams, EventOrderTest,
                         ::testing::Values(1, 2, CommandStream::kFirstCalmSeed + 1,
                                           CommandStream::kFirstLeveragedSeed + 1));

}  // namespace
}  // namespace exchange::engine::testing
