#include "venue.hpp"

namespace exchange::engine::testing {

Limits small_limits() {
  Limits limits;
  limits.instruments = 8;
  limits.assets = 8;
  limits.accounts = 16;
  limits.balances = 64;
  limits.positions = 64;
  limits.open_orders = 4'096;
  limits.orders = 8'192;
  limits.special_orders = 8'192;
  limits.ids = 8'192;
  limits.levels = 2'048;
  limits.ids_per_account = 4'096;
  limits.open_orders_per_account = 2'048;
  return limits;
}

Venue::Venue(const Limits& limits, std::uint8_t shard) : core_(limits, shard) {}

void Venue::SetUp() {
  ASSERT_EQ(submit(encode(btc_kk99())).reason(), Reason::kNone);
  for (const std::uint64_t account : {kAlice, kBob, kCarol, kDave}) {
    const std::uint64_t group = account >= kCarol ? 33 : 0;
    ASSERT_EQ(submit(OpenAccount{account, group, 1'000, 500}).reason(), Reason::kNone);
    ASSERT_EQ(fund(account, kKk99, kFundsKk99).reason(), Reason::kNone);
    ASSERT_EQ(fund(account, kBtc, kFundsBtc).reason(), Reason::kNone);
  }
}

Outcome Venue::submit(const std::string& command) {
  const std::string request = submit_request({command});
  Batch batch;
  EXPECT_EQ(Core::decode(bytes_of(request), kAllCommandKinds, batch), Reason::kNone);
  ByteBuffer result;
  ByteBuffer events;
  core_.apply(batch.commands.at(0), {++seq_, now_ns_}, result, events);
  EXPECT_TRUE(core_.consistent()) << "after command " << seq_;
  std::vector<ReadBlock> blocks = read_blocks(events);
  EXPECT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks.at(0).engine_seq, seq_);
  EXPECT_EQ(blocks.at(0).engine_time_ns, now_ns_);
  return {read_results(result.view()).at(0), blocks.at(0).events};
}

PlaceOrder Venue::limit(std::uint64_t account, Side side, std::int64_t price, std::int64_t quantity) {
  return {.account_id = account,
          .client_order_id = fresh_id(),
          .instrument_id = kBtcKk99,
          .side = side,
          .type = OrderType::kLimit,
          .time_in_force = TimeInForce::kGtc,
          .price = price,
          .quantity = quantity,
          .valid_until_ns = now_ns_ + kMinute,
          .fingerprint = ids_.size()};
}

PlaceOrder Venue::market(std::uint64_t account, Side side, std::int64_t quantity) {
  PlaceOrder order = limit(account, side, 0, quantity);
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  return order;
}

CancelOrder Venue::cancel(std::uint64_t account, std::uint64_t order_id) const {
  return {.account_id = account, .order_id = order_id, .valid_until_ns = now_ns_ + kMinute};
}

Outcome Venue::fund(std::uint64_t account, std::uint32_t asset, std::int64_t amount) {
  return submit(Transfer{TransferDirection::kIn, ++transfer_seq_, account, asset, amount});
}

BalanceChangeView Venue::balance(std::uint64_t account, std::uint32_t asset) const {
  ByteBuffer bytes;
  EXPECT_TRUE(core_.query(account, bytes));
  for (const BalanceChangeView& balance : read_account(bytes.view()).balances) {
    if (balance.asset_id == asset) return balance;
  }
  return {};
}

std::vector<PriceLevel> Venue::depth(Side side) const {
  std::vector<PriceLevel> levels(100);
  levels.resize(core_.depth(kBtcKk99, side, levels).value());
  return levels;
}

std::string_view Venue::fresh_id() { return ids_.emplace_back("order-" + std::to_string(ids_.size() + 1)); }

}  // namespace exchange::engine::testing
