// What is refused before it is a command.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <protozero/pbf_writer.hpp>

#include "listings.hpp"
#include "exchange/engine/core.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

using Writer = protozero::pbf_writer;

PlaceOrder good_order() {
  return {.account_id = 1,
          .client_order_id = "id",
          .instrument_id = kBtcKk99,
          .side = Side::kBuy,
          .type = OrderType::kLimit,
          .time_in_force = TimeInForce::kGtc,
          .price = -5,
          .quantity = 10,
          .valid_until_ns = 7,
          .fingerprint = 9};
}

// The batch is good for counting only: what it views is gone.
Reason decode(const std::vector<std::string>& commands, Batch& batch, CommandKinds allowed = kAllCommandKinds) {
  return Core::decode(bytes_of(submit_request(commands)), allowed, batch);
}

Reason decode(const std::string& command) {
  Batch batch;
  const Reason reason = decode({encode(good_order()), command}, batch);
  EXPECT_EQ(batch.commands.size(), reason == Reason::kNone ? 2U : 0U);
  return reason;
}

// A PlaceOrder with more fields written after the good ones.
std::string order_with(const std::function<void(Writer&)>& add) {
  const std::string good = encode(good_order());
  std::string body = good.substr(2);
  Writer message(body);
  add(message);
  std::string out;
  Writer(out).add_message(1, body);
  return out;
}

TEST(DecodeTest, ReadsEveryField) {
  Batch batch;
  const std::string bytes = encode(good_order());
  const std::string request = submit_request({bytes, encode(Tick{})});
  ASSERT_EQ(Core::decode(bytes_of(request), kAllCommandKinds, batch), Reason::kNone);
  const auto& order = std::get<PlaceOrder>(batch.commands[0].body);
  EXPECT_EQ(order.client_order_id, "id");
  EXPECT_EQ(order.price, -5);
  EXPECT_EQ(order.quantity, 10);
  EXPECT_EQ(order.fingerprint, 9U);
  EXPECT_EQ(order.self_trade_prevention, SelfTradePrevention::kCancelMaker);
  const auto& view = batch.commands[0].bytes;
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(view.data()), view.size()), bytes);
  EXPECT_TRUE(std::ranges::equal(batch.commands[1].bytes, kTickCommand));
}

TEST(DecodeTest, ReadsAJournaledCommand) {
  Batch batch;
  const std::string bytes = encode(btc_kk99());
  ASSERT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
  EXPECT_EQ(*std::get<CreateInstrument>(batch.commands[0].body).instrument, btc_kk99());
  EXPECT_EQ(Core::decode_command(bytes_of("\x01"), batch), Reason::kMalformedCommand);
  EXPECT_TRUE(batch.commands.empty());
}

TEST(DecodeTest, AcceptsAnEmptyBatch) {
  Batch batch;
  EXPECT_EQ(decode({}, batch), Reason::kNone);
}

TEST(DecodeTest, LimitsTheBatch) {
  Batch batch;
  const std::vector<std::string> most(kMaxBatchCommands, encode(Tick{}));
  EXPECT_EQ(decode(most, batch), Reason::kNone);
  std::vector<std::string> more = most;
  more.push_back(encode(Tick{}));
  EXPECT_EQ(decode(more, batch), Reason::kMalformedCommand);
}

TEST(DecodeTest, RefusesKindsThatTheCallerMayNotGive) {
  Batch batch;
  const std::vector<std::string> commands{encode(good_order()), encode(Tick{})};
  EXPECT_EQ(decode(commands, batch, kind_bit(CommandKind::kPlaceOrder)), Reason::kCallerNotAllowed);
  EXPECT_TRUE(batch.commands.empty());
  EXPECT_EQ(decode(commands, batch, kind_bit(CommandKind::kPlaceOrder) | kind_bit(CommandKind::kTick)), Reason::kNone);
}

TEST(DecodeTest, RefusesUndefinedEnums) {
  const std::map<protozero::pbf_tag_type, std::int32_t> defined{{4, 2}, {5, 8}, {6, 7}, {8, 5}, {15, 4}, {23, 3}};
  for (const auto& [field, last] : defined) {
    for (const std::int32_t value : {0, last + 1, 99, -1}) {
      EXPECT_EQ(decode(order_with([&](Writer& out) { out.add_enum(field, value); })), Reason::kMalformedCommand);
    }
    EXPECT_EQ(decode(order_with([&](Writer& out) { out.add_enum(field, last); })), Reason::kNone);
  }
  PlaceOrder order = good_order();
  order.side = Side{};
  EXPECT_EQ(decode(encode(order)), Reason::kMalformedCommand);
}

TEST(DecodeTest, RefusesIdsOutsideTheCharset) {
  for (const std::string id : {"", "a b", "\xC3\xA4", "x/y", "0123456789012345678901234567890123456"}) {
    EXPECT_EQ(decode(order_with([&](Writer& out) { out.add_string(2, id); })), Reason::kMalformedCommand) << id;
  }
  EXPECT_EQ(decode(order_with([](Writer& out) { out.add_string(2, "A-z_0"); })), Reason::kNone);
}

TEST(DecodeTest, RefusesWrongWireTypesAndUnknownFields) {
  EXPECT_EQ(decode(order_with([](Writer& out) { out.add_fixed64(1, 5); })), Reason::kMalformedCommand);
  EXPECT_EQ(decode(order_with([](Writer& out) { out.add_string(10, "10"); })), Reason::kMalformedCommand);
  EXPECT_EQ(decode(order_with([](Writer& out) { out.add_uint64(13, 10); })), Reason::kMalformedCommand);
  EXPECT_EQ(decode(order_with([](Writer& out) { out.add_uint64(29, 1); })), Reason::kMalformedCommand);
  EXPECT_EQ(decode(order_with([](Writer& out) { out.add_uint64(7, 2); })), Reason::kMalformedCommand);
  EXPECT_EQ(decode(order_with([](Writer& out) { out.add_uint64(3, std::uint64_t{1} << 32); })),
            Reason::kMalformedCommand);
  EXPECT_EQ(decode(order_with([](Writer&) {})), Reason::kNone);
}

TEST(DecodeTest, RefusesWhatIsNotExactlyOneCommand) {
  EXPECT_EQ(decode(std::string()), Reason::kMalformedCommand);
  EXPECT_EQ(decode(encode(Tick{}) + encode(Tick{})), Reason::kMalformedCommand);
  EXPECT_EQ(decode(std::string("\x42\0", 2)), Reason::kMalformedCommand);  // kind 8
  EXPECT_EQ(decode("\x38\x01"), Reason::kMalformedCommand);                     // a Tick that is a number
  EXPECT_EQ(decode(encode(good_order()).substr(0, 20)), Reason::kMalformedCommand);
}

TEST(DecodeTest, RefusesACancelWithoutATarget) {
  std::string body;
  Writer(body).add_uint64(1, 5);
  std::string command;
  Writer(command).add_message(2, body);
  EXPECT_EQ(decode(command), Reason::kMalformedCommand);
}

TEST(DecodeTest, RefusesAListingWithoutItsEnums) {
  InstrumentDefinition listing = btc_kk99();
  listing.phase = TradingPhase{};
  EXPECT_EQ(decode(encode(listing)), Reason::kMalformedCommand);
  listing = btc_kk99();
  listing.asset_class = static_cast<AssetClass>(9);
  EXPECT_EQ(decode(encode(listing)), Reason::kMalformedCommand);
}

}  // namespace
}  // namespace exchange::engine::testing
