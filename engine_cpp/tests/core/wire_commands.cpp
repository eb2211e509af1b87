#include <protozero/pbf_writer.hpp>

#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

using Writer = protozero::pbf_writer;

template <class Write>
std::string one(CommandKind kind, Write write) {
  std::string body;
  Writer message(body);
  write(message);
  std::string out;
  Writer command(out);
  command.add_message(static_cast<protozero::pbf_tag_type>(kind), body);
  return out;
}

void add_text(Writer& out, protozero::pbf_tag_type tag, std::string_view text) {
  if (!text.empty()) out.add_string(tag, text.data(), text.size());
}

template <class Enum>
void add(Writer& out, protozero::pbf_tag_type tag, Enum value) {
  out.add_enum(tag, static_cast<std::int32_t>(value));
}

std::string encode_asset(const AssetDefinition& asset) {
  std::string out;
  Writer message(out);
  message.add_uint32(1, asset.asset_id);
  add_text(message, 2, asset.symbol);
  message.add_uint32(3, asset.scale);
  return out;
}

}  // namespace

std::string encode(const PlaceOrder& c) {
  return one(CommandKind::kPlaceOrder, [&](Writer& out) {
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
  });
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

std::string encode(const OpenAccount& c) {
  return one(CommandKind::kOpenAccount, [&](Writer& out) {
    out.add_uint64(1, c.account_id);
    out.add_uint64(2, c.self_trade_group_id);
    out.add_uint32(3, c.taker_fee_ppm);
    out.add_uint32(4, c.maker_fee_ppm);
  });
}

std::string encode(const InstrumentDefinition& i) {
  std::string body;
  Writer out(body);
  out.add_uint32(1, i.instrument_id);
  add_text(out, 2, i.symbol);
  add(out, 3, i.asset_class);
  out.add_message(4, encode_asset(i.base));
  out.add_message(5, encode_asset(i.quote));
  out.add_uint32(6, i.price_scale);
  out.add_uint32(7, i.quantity_scale);
  out.add_int64(8, i.tick);
  out.add_int64(9, i.lot);
  out.add_int64(10, i.min_quantity);
  out.add_int64(11, i.max_quantity);
  out.add_int64(12, i.min_notional);
  out.add_int64(13, i.max_notional);
  out.add_uint32(14, i.market_protection_bps);
  add(out, 15, i.phase);
  return one(CommandKind::kCreateInstrument, [&](Writer& message) { message.add_message(1, body); });
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
