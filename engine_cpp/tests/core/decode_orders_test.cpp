// What traders send beside a plain order: every field read, everything half understood refused.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "exchange/engine/core.hpp"
#include "listings.hpp"
#include "wire.hpp"
#include "wire_body.hpp"

namespace exchange::engine::testing {
namespace {

// A command read back; it views `bytes`.
struct Decoded {
  explicit Decoded(std::string command) : bytes(std::move(command)) {
    reason = Core::decode_command(bytes_of(bytes), batch);
  }

  template <class Body>
  [[nodiscard]] const Body& as() const {
    return std::get<Body>(batch.commands.at(0).body);
  }

  std::string bytes;
  Batch batch;
  Reason reason{};
};

PlaceOrder plain(std::string_view id) {
  return {.account_id = 1,
          .client_order_id = id,
          .instrument_id = kBtcKk99,
          .side = Side::kBuy,
          .type = OrderType::kLimit,
          .time_in_force = TimeInForce::kGtc,
          .price = 10'000,
          .quantity = 100};
}

SpecialTerms all_special() {
  return {.trigger_price = -7,
          .trailing_ticks = 8,
          .display_quantity = 9,
          .min_quantity = 10,
          .expire_time_ns = 11,
          .peg_offset_ticks = -12,
          .trailing_bps = 14,
          .tag = 15,
          .trigger_reference = TriggerReference::kBidAsk,
          .peg_reference = PegReference::kMid,
          .has_trigger_price = true,
          .post_only_reprice = true,
          .reduce_only = true,
          .validate_only = true,
          .survive_disconnect = true};
}

// A body with more fields written after the good ones.
template <class Body, class Add>
Reason with(const Body& body, CommandKind kind, Add add_fields) {
  const Decoded good(encode(body));
  EXPECT_EQ(good.reason, Reason::kNone);
  std::string bytes(good.bytes.substr(2));
  Writer message(bytes);
  add_fields(message);
  std::string command;
  Writer(command).add_message(static_cast<Tag>(kind), bytes);
  return Decoded(command).reason;
}

TEST(DecodeOrdersTest, ReadsEverySpecialTerm) {
  const SpecialTerms terms = all_special();
  PlaceOrder order = plain("id");
  order.session_id = 13;
  order.type = OrderType::kPegged;
  order.time_in_force = TimeInForce::kAtClose;
  order.self_trade_prevention = SelfTradePrevention::kNone;
  order.special = &terms;
  const Decoded read(encode(order));
  ASSERT_EQ(read.reason, Reason::kNone);
  const auto& got = read.as<PlaceOrder>();
  EXPECT_EQ(got.type, OrderType::kPegged);
  EXPECT_EQ(got.time_in_force, TimeInForce::kAtClose);
  EXPECT_EQ(got.self_trade_prevention, SelfTradePrevention::kNone);
  ASSERT_NE(got.special, nullptr);
  EXPECT_EQ(*got.special, terms);
}

TEST(DecodeOrdersTest, APlainOrderHasNoSpecialTerms) {
  EXPECT_EQ(Decoded(encode(plain("id"))).as<PlaceOrder>().special, nullptr);
  const SpecialTerms defaults;
  PlaceOrder order = plain("id");
  order.special = &defaults;
  const Decoded read(encode(order));
  EXPECT_EQ(read.as<PlaceOrder>().special, nullptr);
  EXPECT_TRUE(read.batch.special_terms.empty());
}

TEST(DecodeOrdersTest, ATriggerAtZeroIsATrigger) {
  const SpecialTerms at_zero{.has_trigger_price = true};
  PlaceOrder order = plain("id");
  order.special = &at_zero;
  const Decoded read(encode(order));
  ASSERT_NE(read.as<PlaceOrder>().special, nullptr);
  EXPECT_TRUE(read.as<PlaceOrder>().special->has_trigger_price);
}

TEST(DecodeOrdersTest, RefusesSpecialTermsOfAnotherShape) {
  const auto kind = CommandKind::kPlaceOrder;
  EXPECT_EQ(with(plain("id"), kind, [](Writer& out) { out.add_uint64(21, 2); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(plain("id"), kind, [](Writer& out) { out.add_uint64(25, 1ULL << 32U); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(plain("id"), kind, [](Writer& out) { out.add_fixed64(14, 1); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(plain("id"), kind, [](Writer& out) { out.add_enum(15, 5); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(plain("id"), kind, [](Writer& out) { out.add_enum(23, 0); }), Reason::kMalformedCommand);
}

TEST(DecodeOrdersTest, ReadsEveryFieldOfAnAmend) {
  const AmendOrder amend{.account_id = 1,
                         .client_order_id = "id",
                         .request_id = "r",
                         .quantity = 3,
                         .price = -4,
                         .display_quantity = 5,
                         .expire_time_ns = 6,
                         .trigger_price = -7,
                         .valid_until_ns = 8,
                         .fingerprint = 9,
                         .expected_version = 10,
                         .instrument_id = 11,
                         .size = AmendSize::kOpen,
                         .has_price = true,
                         .has_display_quantity = true,
                         .has_expire_time = true,
                         .has_trigger_price = true,
                         .requeue = true};
  const Decoded read(encode(amend));
  ASSERT_EQ(read.reason, Reason::kNone);
  const auto& got = read.as<AmendOrder>();
  EXPECT_EQ(encode(got), read.bytes);
  EXPECT_EQ(got.size, AmendSize::kOpen);
  EXPECT_EQ(got.quantity, 3);
  EXPECT_EQ(got.price, -4);
  EXPECT_EQ(got.trigger_price, -7);
  EXPECT_EQ(got.client_order_id, "id");
  EXPECT_EQ(got.request_id, "r");
  EXPECT_EQ(got.expected_version, 10U);
  EXPECT_EQ(got.instrument_id, 11U);
  EXPECT_TRUE(got.requeue);
}

TEST(DecodeOrdersTest, WhatAnAmendLeavesOutStays) {
  const Decoded read(encode(AmendOrder{.account_id = 1, .order_id = 2}));
  const auto& got = read.as<AmendOrder>();
  EXPECT_EQ(got.order_id, 2U);
  EXPECT_EQ(got.size, AmendSize::kUnchanged);
  EXPECT_FALSE(got.has_price || got.has_display_quantity || got.has_expire_time || got.has_trigger_price);
}

TEST(DecodeOrdersTest, RefusesAnAmendWithTwoTargetsOrTwoSizesOrNone) {
  const auto kind = CommandKind::kAmendOrder;
  const AmendOrder sized{.account_id = 1, .order_id = 2, .quantity = 3, .size = AmendSize::kTotal};
  EXPECT_EQ(with(sized, kind, [](Writer& out) { out.add_int64(5, 1); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(sized, kind, [](Writer& out) { out.add_int64(4, 1); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(sized, kind, [](Writer& out) { out.add_string(3, "id"); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(sized, kind, [](Writer& out) { out.add_uint64(2, 2); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(sized, kind, [](Writer& out) { out.add_string(12, "a b"); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(sized, kind, [](Writer& out) { out.add_int64(16, 1); }), Reason::kMalformedCommand);
  const std::string untargeted = one(kind, [](Writer& out) { out.add_uint64(1, 5); });
  EXPECT_EQ(Decoded(untargeted).reason, Reason::kMalformedCommand);
}

TEST(DecodeOrdersTest, RefusesACancelWithTwoTargets) {
  const CancelOrder cancel{.account_id = 1, .order_id = 2};
  const auto kind = CommandKind::kCancelOrder;
  EXPECT_EQ(with(cancel, kind, [](Writer& out) { out.add_uint64(2, 2); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(cancel, kind, [](Writer& out) { out.add_string(3, "id"); }), Reason::kMalformedCommand);
}

TEST(DecodeOrdersTest, ReadsEveryFieldOfAMassCancel) {
  const MassCancel all{.account_id = 1,
                       .request_id = "r",
                       .valid_until_ns = 2,
                       .fingerprint = 3,
                       .session_id = 4,
                       .instrument_id = 5,
                       .tag = 6,
                       .side = Side::kSell,
                       .has_instrument = true,
                       .has_session = true,
                       .has_tag = true};
  const Decoded read(encode(all));
  ASSERT_EQ(read.reason, Reason::kNone);
  EXPECT_EQ(encode(read.as<MassCancel>()), read.bytes);
  EXPECT_EQ(read.as<MassCancel>().side, Side::kSell);
  EXPECT_EQ(read.as<MassCancel>().instrument_id, 5U);
  const Decoded any(encode(MassCancel{.account_id = 1}));
  const auto& got = any.as<MassCancel>();
  EXPECT_FALSE(got.has_instrument || got.has_session || got.has_tag);
  EXPECT_EQ(got.side, Side{});
  const auto kind = CommandKind::kMassCancel;
  EXPECT_EQ(with(all, kind, [](Writer& out) { out.add_enum(3, 3); }), Reason::kMalformedCommand);
  EXPECT_EQ(with(all, kind, [](Writer& out) { out.add_uint64(9, 1); }), Reason::kMalformedCommand);
}

TEST(DecodeOrdersTest, ReadsACancelAllAfter) {
  const Decoded read(encode(CancelAllAfter{.account_id = 1, .timeout_ns = 2}));
  ASSERT_EQ(read.reason, Reason::kNone);
  EXPECT_EQ(read.as<CancelAllAfter>().account_id, 1U);
  EXPECT_EQ(read.as<CancelAllAfter>().timeout_ns, 2);
  const auto kind = CommandKind::kCancelAllAfter;
  EXPECT_EQ(with(CancelAllAfter{}, kind, [](Writer& out) { out.add_uint64(3, 1); }), Reason::kMalformedCommand);
}

TEST(DecodeOrdersTest, ReadsAGroupWithTheTermsOfItsLegs) {
  const SpecialTerms stop{.trigger_price = 9'000, .has_trigger_price = true};
  std::vector<PlaceOrder> legs{plain("entry"), plain("profit"), plain("stop")};
  legs[2].type = OrderType::kStop;
  legs[2].special = &stop;
  const Decoded read(encode(PlaceOrderGroup{LinkType::kBracket, legs}));
  ASSERT_EQ(read.reason, Reason::kNone);
  const auto& got = read.as<PlaceOrderGroup>();
  EXPECT_EQ(got.link_type, LinkType::kBracket);
  ASSERT_EQ(got.orders.size(), 3U);
  EXPECT_EQ(got.orders[0].client_order_id, "entry");
  EXPECT_EQ(got.orders[1].special, nullptr);
  ASSERT_NE(got.orders[2].special, nullptr);
  EXPECT_EQ(*got.orders[2].special, stop);
}

TEST(DecodeOrdersTest, RefusesGroupsOfAnotherSizeOrWithoutALink) {
  const auto group = [](LinkType type, std::size_t legs) {
    const std::vector<PlaceOrder> orders(legs, plain("id"));
    return Decoded(encode(PlaceOrderGroup{type, orders})).reason;
  };
  EXPECT_EQ(group(LinkType::kOco, 2), Reason::kNone);
  EXPECT_EQ(group(LinkType::kOtoFull, kMaxGroupOrders), Reason::kNone);
  EXPECT_EQ(group(LinkType::kOco, 1), Reason::kMalformedCommand);
  EXPECT_EQ(group(LinkType::kOtoFull, kMaxGroupOrders + 1), Reason::kMalformedCommand);
  EXPECT_EQ(group(LinkType::kNone, 2), Reason::kMalformedCommand);
  EXPECT_EQ(group(static_cast<LinkType>(6), 2), Reason::kMalformedCommand);
}

TEST(DecodeOrdersTest, ReadsAsManyOrdersAsOneCommandMayCarry) {
  const auto orders = [](std::size_t count) {
    const std::vector<PlaceOrder> list(count, plain("id"));
    const Decoded read(encode(PlaceOrders{list}));
    EXPECT_EQ(read.batch.order_lists.empty(), read.reason != Reason::kNone);
    return read.reason;
  };
  const std::vector<PlaceOrder> two{plain("one"), plain("two")};
  const Decoded read(encode(PlaceOrders{two}));
  ASSERT_EQ(read.as<PlaceOrders>().orders.size(), 2U);
  EXPECT_EQ(read.as<PlaceOrders>().orders[1].client_order_id, "two");
  EXPECT_EQ(orders(1), Reason::kNone);
  EXPECT_EQ(orders(kMaxAtomicOrders), Reason::kNone);
  EXPECT_EQ(orders(0), Reason::kMalformedCommand);
  EXPECT_EQ(orders(kMaxAtomicOrders + 1), Reason::kMalformedCommand);
}

TEST(DecodeOrdersTest, OneBadLegRefusesAll) {
  std::vector<PlaceOrder> legs{plain("one"), plain("two")};
  legs[1].side = Side{};
  EXPECT_EQ(Decoded(encode(PlaceOrders{legs})).reason, Reason::kMalformedCommand);
  const Decoded refused(encode(PlaceOrderGroup{LinkType::kOco, legs}));
  EXPECT_EQ(refused.reason, Reason::kMalformedCommand);
  EXPECT_TRUE(refused.batch.commands.empty() && refused.batch.order_lists.empty());
}

TEST(DecodeOrdersTest, ReadsHowMuchTheCallerWantsToHear) {
  const auto mode = [](std::int32_t value) {
    std::string request = submit_request({encode(plain("id"))});
    Writer(request).add_enum(2, value);
    Batch batch;
    const Reason reason = Core::decode(bytes_of(request), kAllCommandKinds, batch);
    return std::pair(reason, batch.response_mode);
  };
  EXPECT_EQ(mode(1), std::pair(Reason::kNone, ResponseMode::kAck));
  EXPECT_EQ(mode(2), std::pair(Reason::kNone, ResponseMode::kResult));
  EXPECT_EQ(mode(3), std::pair(Reason::kNone, ResponseMode::kFull));
  EXPECT_EQ(mode(4).first, Reason::kMalformedCommand);
  Batch batch;
  const std::string silent = submit_request({});
  EXPECT_EQ(Core::decode(bytes_of(silent), kAllCommandKinds, batch), Reason::kNone);
  EXPECT_EQ(batch.response_mode, ResponseMode::kFull);
}

}  // namespace
}  // namespace exchange::engine::testing
