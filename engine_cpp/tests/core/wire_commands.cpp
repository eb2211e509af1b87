#include "wire.hpp"
#include "wire_body.hpp"

namespace exchange::engine::testing {
namespace {

void add_special(Writer& out, const SpecialTerms& t) {
  if (t.has_trigger_price) out.add_sint64(14, t.trigger_price);
  add_chosen(out, 15, t.trigger_reference);
  out.add_int64(16, t.trailing_ticks);
  out.add_uint32(17, t.trailing_bps);
  out.add_int64(18, t.display_quantity);
  out.add_int64(19, t.min_quantity);
  out.add_int64(20, t.expire_time_ns);
  out.add_bool(21, t.post_only_reprice);
  out.add_bool(22, t.reduce_only);
  add_chosen(out, 23, t.peg_reference);
  out.add_sint64(24, t.peg_offset_ticks);
  out.add_uint32(25, t.tag);
  out.add_bool(27, t.validate_only);
  out.add_bool(28, t.survive_disconnect);
}

std::string order_body(const PlaceOrder& c) {
  std::string body;
  Writer out(body);
  out.add_uint64(1, c.account_id);
  add_text(out, 2, c.client_order_id);
  out.add_uint32(3, c.instrument_id);
  add(out, 4, c.side);
  add(out, 5, c.type);
  add(out, 6, c.time_in_force);
  if (c.post_only) out.add_bool(7, true);
  add(out, 8, c.self_trade_prevention);
  if (c.price != 0) out.add_sint64(9, c.price);
  if (c.quantity != 0) out.add_int64(10, c.quantity);
  if (c.quote_budget != 0) out.add_int64(11, c.quote_budget);
  out.add_int64(12, c.valid_until_ns);
  out.add_fixed64(13, c.fingerprint);
  out.add_uint64(26, c.session_id);
  if (c.special != nullptr) add_special(out, *c.special);
  return body;
}

}  // namespace

std::string encode(const PlaceOrder& c) {
  std::string out;
  Writer(out).add_message(1, order_body(c));
  return out;
}

std::string encode(const CancelOrder& c) {
  return one(CommandKind::kCancelOrder, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    if (c.client_order_id.empty()) out.add_uint64(2, c.order_id);
    add_text(out, 3, c.client_order_id);
    add_text(out, 4, c.request_id);
    out.add_int64(5, c.valid_until_ns);
    out.add_fixed64(6, c.fingerprint);
  });
}

std::string encode(const AmendOrder& c) {
  return one(CommandKind::kAmendOrder, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    if (c.client_order_id.empty()) out.add_uint64(2, c.order_id);
    add_text(out, 3, c.client_order_id);
    if (c.size == AmendSize::kTotal) out.add_int64(4, c.quantity);
    if (c.size == AmendSize::kOpen) out.add_int64(5, c.quantity);
    if (c.has_price) out.add_sint64(6, c.price);
    if (c.has_display_quantity) out.add_int64(7, c.display_quantity);
    if (c.has_expire_time) out.add_int64(8, c.expire_time_ns);
    if (c.has_trigger_price) out.add_sint64(9, c.trigger_price);
    if (c.expected_version != 0) out.add_uint32(10, c.expected_version);
    if (c.requeue) out.add_bool(11, true);
    add_text(out, 12, c.request_id);
    out.add_int64(13, c.valid_until_ns);
    out.add_fixed64(14, c.fingerprint);
    if (c.instrument_id != 0) out.add_uint32(15, c.instrument_id);
  });
}

std::string encode(const Transfer& c) {
  const bool in = c.direction == TransferDirection::kIn;
  return one(in ? CommandKind::kTransferIn : CommandKind::kTransferOut, [&](Writer& out) {
    out.add_uint64(1, c.transfer_seq);
    out.add_uint64(2, c.account_id);
    out.add_uint32(3, c.asset_id);
    out.add_int64(4, c.amount);
  });
}

std::string encode(const MassCancel& c) {
  return one(CommandKind::kMassCancel, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    if (c.has_instrument) out.add_uint32(2, c.instrument_id);
    add_chosen(out, 3, c.side);
    if (c.has_session) out.add_uint64(4, c.session_id);
    if (c.has_tag) out.add_uint32(5, c.tag);
    add_text(out, 6, c.request_id);
    out.add_int64(7, c.valid_until_ns);
    out.add_fixed64(8, c.fingerprint);
  });
}

std::string encode(const CancelAllAfter& c) {
  return one(CommandKind::kCancelAllAfter, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    out.add_int64(2, c.timeout_ns);
  });
}

std::string encode(const PlaceOrderGroup& c) {
  return one(CommandKind::kPlaceOrderGroup, [&](Writer& out) {
    add_chosen(out, 1, c.link_type);
    for (const PlaceOrder& order : c.orders) out.add_message(2, order_body(order));
  });
}

std::string encode(const PlaceOrders& c) {
  return one(CommandKind::kPlaceOrders, [&](Writer& out) {
    for (const PlaceOrder& order : c.orders) out.add_message(1, order_body(order));
  });
}

std::string encode(const OpenSession& c) {
  return one(CommandKind::kOpenSession, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    out.add_uint64(2, c.session_id);
    out.add_uint64(3, c.gateway_id);
    out.add_fixed64(4, c.connection_id);
    add(out, 5, c.scope);
    out.add_uint32(6, c.grace_ms);
    out.add_uint32(7, c.heartbeat_timeout_ms);
    out.add_int64(8, c.valid_until_ns);
  });
}

std::string encode(const KeepGateway& c) {
  return one(CommandKind::kKeepGateway, [&](Writer& out) {
    out.add_uint64(1, c.gateway_id);
    out.add_uint32(2, c.lease_ms);
    out.add_packed_uint64(3, c.session_epochs.begin(), c.session_epochs.end());
  });
}

std::string encode(const EndSession& c) {
  return one(CommandKind::kEndSession, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    out.add_uint64(2, c.session_epoch);
    add(out, 3, c.end);
  });
}

std::string encode(const LeaderChange& /*command*/) {
  return one(CommandKind::kLeaderChange, [](Writer&) {});
}

std::string encode(const Tick& /*command*/) {
  return one(CommandKind::kTick, [](Writer&) {});
}

std::string submit_request(const std::vector<std::string>& commands) {
  std::string out;
  Writer request(out);
  for (const std::string& command : commands) request.add_message(1, command);
  return out;
}

std::span<const std::byte> bytes_of(std::string_view text) noexcept { return std::as_bytes(std::span(text)); }

}  // namespace exchange::engine::testing
