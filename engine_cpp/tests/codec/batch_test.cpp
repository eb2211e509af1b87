// The shape of messages and batches; what requests come to is held against the calls by `tests/unit/orders`.
#include "exchange/codec/batch.hpp"

#include <gtest/gtest.h>

#include <protozero/pbf_writer.hpp>
#include <string>

namespace exchange::codec {
namespace {

using Writer = protozero::pbf_writer;

constexpr Turn kTurn{.sequenced_time_ns = 1, .matched_time_ns = 2, .queue_length = 3};

template <class Write>
std::string message(Write write) {
  std::string bytes;
  Writer out(bytes);
  write(out);
  return bytes;
}

std::string place(const std::string& symbol = "BTC-KK99", const std::string& price = "1.5") {
  return message([&](Writer& out) {
    out.add_string(1, "id");
    out.add_string(2, symbol);
    out.add_enum(3, 1);
    out.add_enum(4, 1);
    out.add_enum(5, 1);
    out.add_string(6, price);
    out.add_string(7, "2");
  });
}

std::string item(const std::string& request, std::uint32_t kind = 1) {
  return message([&](Writer& out) { out.add_message(kind, request); });
}

std::string batch(std::initializer_list<std::string> items) {
  return message([&](Writer& out) {
    out.add_uint64(1, 42);
    for (const std::string& each : items) out.add_message(2, each);
  });
}

class BatchTest : public ::testing::Test {
 protected:
  BatchTest() { instruments_.know({7, "BTC-KK99", 2, 4, 6}); }

  Batch read(const std::string& body) {
    return {body, {instruments_, {.account_id = 1, .session_id = 2, .now_ns = 3}}, names_};
  }

  Instruments instruments_;
  ReasonNames names_{{{207, "PRICE_NOT_ON_TICK"}}, "INTERNAL"};
};

TEST_F(BatchTest, AMessageHoldsOneThing) {
  const std::string heartbeat = message([](Writer& out) { out.add_message(3, std::string("")); });
  EXPECT_EQ(read_message(heartbeat).kind, MessageKind::kHeartbeat);
  EXPECT_EQ(read_message(heartbeat + heartbeat).kind, MessageKind::kUnreadable);
  EXPECT_EQ(read_message("").kind, MessageKind::kUnreadable);
  EXPECT_EQ(read_message("\x0a\x05").kind, MessageKind::kUnreadable);
}

TEST_F(BatchTest, EachItemComesToACommandOrARefusal) {
  const std::string body = batch({item(place()), item(place("ETH-KK99")), item("\x08"), item(place("BTC-KK99", "1.005"))});
  Batch read_batch = read(body);
  EXPECT_EQ(read_batch.correlation_id(), 42U);
  EXPECT_EQ(read_batch.command_count(), 1U);
  ASSERT_EQ(read_batch.unknown_symbols().size(), 1U);
  EXPECT_EQ(read_batch.unknown_symbols().front(), "ETH-KK99");
  const std::vector<RefusedItem> refused = read_batch.refused();
  ASSERT_EQ(refused.size(), 3U);
  EXPECT_EQ(refused[0].reason, Reason::kUnknownInstrument);
  EXPECT_EQ(refused[1].reason, Reason::kInvalidField);
  EXPECT_EQ(refused[2].reason, Reason::kPriceNotOnTick);
}

TEST_F(BatchTest, AnswersAreOneACommand) {
  const std::string body = batch({item(place()), item(place())});
  Batch read_batch = read(body);
  const std::string one = message([](Writer& out) { out.add_message(1, std::string("")); });
  EXPECT_FALSE(read_batch.answer(one, kTurn));
  EXPECT_FALSE(read_batch.answer(one + one + one, kTurn));
  EXPECT_FALSE(read_batch.answer("\x0a\x09", kTurn));
  EXPECT_TRUE(read_batch.answer(one + one, kTurn));
  EXPECT_FALSE(read_batch.write().empty());
}

TEST_F(BatchTest, ResultsThatCannotBeReadAreNotPassedOn) {
  const std::string body = batch({item(place())});
  Batch read_batch = read(body);
  const std::string broken = message([](Writer& out) { out.add_message(1, std::string("\x22\x05")); });
  ASSERT_TRUE(read_batch.answer(broken, kTurn));
  EXPECT_TRUE(read_batch.write().empty());
}

TEST_F(BatchTest, AResponseIsTakenApart) {
  const std::string one = message([](Writer& out) { out.add_message(1, std::string("\x08\x05")); });
  const std::size_t counts[] = {2, 1};
  const std::string whole = one + one + one;
  const auto parts = split_results(whole, counts).parts;
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0], one + one);
  EXPECT_EQ(parts[1], one);
  EXPECT_TRUE(split_results(one + one, counts).parts.empty());
  EXPECT_TRUE(split_results(one + one + one + one, counts).parts.empty());
}

TEST_F(BatchTest, AResponseTellsTheTurnOfItsCommands) {
  const std::string one = message([](Writer& out) { out.add_message(1, std::string("\x08\x05")); });
  const std::string times = message([](Writer& out) { out.add_message(3, std::string("\x08\x07\x10\x09\x18\x02")); });
  const std::size_t counts[] = {1, 1};
  for (const std::string& whole : {times + one + one, one + times + one, one + one + times}) {
    const SplitResults split = split_results(whole, counts);
    ASSERT_EQ(split.parts.size(), 2U);
    EXPECT_EQ(split.turn.sequenced_time_ns, 7);
    EXPECT_EQ(split.turn.matched_time_ns, 9);
    EXPECT_EQ(split.turn.queue_length, 2U);
    const std::string body = batch({item(place())});
    Batch read_batch = read(body);
    EXPECT_TRUE(read_batch.answer(split.parts[0], split.turn));
    EXPECT_TRUE(read_batch.answer(split.parts[1], split.turn));
  }
}

TEST_F(BatchTest, NamesOfReasons) {
  EXPECT_EQ(names_.of(0), "");
  EXPECT_EQ(names_.of(207), "PRICE_NOT_ON_TICK");
  EXPECT_EQ(names_.of(208), "INTERNAL");
  EXPECT_EQ(names_.of(~std::uint64_t{0}), "INTERNAL");
}

}  // namespace
}  // namespace exchange::codec
