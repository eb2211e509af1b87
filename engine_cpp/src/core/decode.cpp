// Reading commands from wire bytes. Strict where protobuf is lenient: what this code does not know, it refuses, because
// a command that is half understood would be executed half.
#include <algorithm>
#include <limits>
#include <protozero/pbf_reader.hpp>

#include "exchange/engine/core.hpp"
#include "text.hpp"

namespace exchange::engine {
namespace {

using Reader = protozero::pbf_reader;
using WireType = protozero::pbf_wire_type;

// Thrown and caught inside this file only.
struct Malformed {};

void require(bool holds) {
  if (!holds) throw Malformed{};
}

std::uint64_t read_uint64(Reader& in) {
  require(in.wire_type() == WireType::varint);
  return in.get_uint64();
}

std::int64_t read_int64(Reader& in) { return static_cast<std::int64_t>(read_uint64(in)); }

std::uint32_t read_uint32(Reader& in) {
  const std::uint64_t value = read_uint64(in);
  require(value <= std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(value);
}

std::int64_t read_sint64(Reader& in) {
  require(in.wire_type() == WireType::varint);
  return in.get_sint64();
}

std::uint64_t read_fixed64(Reader& in) {
  require(in.wire_type() == WireType::fixed64);
  return in.get_fixed64();
}

bool read_bool(Reader& in) {
  const std::uint64_t value = read_uint64(in);
  require(value <= 1);
  return value == 1;
}

// An enumerator from 1 to `last`.
template <class Enum>
Enum read_enum(Reader& in, Enum last) {
  const std::uint64_t value = read_uint64(in);
  require(value >= 1 && value <= static_cast<std::uint64_t>(last));
  return static_cast<Enum>(value);
}

std::string_view read_bytes(Reader& in) {
  require(in.wire_type() == WireType::length_delimited);
  const protozero::data_view view = in.get_view();
  return {view.data(), view.size()};
}

std::string_view read_client_id(Reader& in) {
  const std::string_view id = read_bytes(in);
  require(!id.empty() && id.size() <= kMaxClientIdSize && std::ranges::all_of(id, is_client_id_char));
  return id;
}

// Symbols are ASCII; the listing rules say the rest.
std::string_view read_symbol(Reader& in) {
  const std::string_view symbol = read_bytes(in);
  require(std::ranges::all_of(symbol, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  return symbol;
}

PlaceOrder read_place_order(Reader in) {
  PlaceOrder out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: out.client_order_id = read_client_id(in); break;
      case 3: out.instrument_id = read_uint32(in); break;
      case 4: out.side = read_enum(in, Side::kSell); break;
      case 5: out.type = read_enum(in, OrderType::kMarket); break;
      case 6: out.time_in_force = read_enum(in, TimeInForce::kFok); break;
      case 7: out.post_only = read_bool(in); break;
      case 8: out.self_trade_prevention = read_enum(in, SelfTradePrevention::kDecrement); break;
      case 9: out.price = read_sint64(in); break;
      case 10: out.quantity = read_int64(in); break;
      case 11: out.quote_budget = read_int64(in); break;
      case 12: out.valid_until_ns = read_int64(in); break;
      case 13: out.fingerprint = read_fixed64(in); break;
      default: throw Malformed{};
    }
  }
  require(!out.client_order_id.empty() && out.side != Side{} && out.type != OrderType{} &&
          out.time_in_force != TimeInForce{});
  return out;
}

CancelOrder read_cancel_order(Reader in) {
  CancelOrder out;
  bool has_target = false;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2:
        out.order_id = read_uint64(in);
        out.client_order_id = {};
        has_target = true;
        break;
      case 3:
        out.client_order_id = read_client_id(in);
        out.order_id = 0;
        has_target = true;
        break;
      case 4: out.request_id = read_client_id(in); break;
      case 5: out.valid_until_ns = read_int64(in); break;
      case 6: out.fingerprint = read_fixed64(in); break;
      default: throw Malformed{};
    }
  }
  require(has_target);
  return out;
}

Transfer read_transfer(Reader in, TransferDirection direction) {
  Transfer out{.direction = direction};
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.transfer_seq = read_uint64(in); break;
      case 2: out.account_id = read_uint64(in); break;
      case 3: out.asset_id = read_uint32(in); break;
      case 4: out.amount = read_int64(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

OpenAccount read_open_account(Reader in) {
  OpenAccount out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: out.self_trade_group_id = read_uint64(in); break;
      case 3: out.taker_fee_ppm = read_uint32(in); break;
      case 4: out.maker_fee_ppm = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

AssetDefinition read_asset(Reader in) {
  AssetDefinition out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.asset_id = read_uint32(in); break;
      case 2: out.symbol = read_symbol(in); break;
      case 3: out.scale = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

Reader read_message(Reader& in) {
  require(in.wire_type() == WireType::length_delimited);
  return in.get_message();
}

InstrumentDefinition read_instrument(Reader in) {
  InstrumentDefinition out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.instrument_id = read_uint32(in); break;
      case 2: out.symbol = read_symbol(in); break;
      case 3: out.asset_class = read_enum(in, AssetClass::kCommodity); break;
      case 4: out.base = read_asset(read_message(in)); break;
      case 5: out.quote = read_asset(read_message(in)); break;
      case 6: out.price_scale = read_uint32(in); break;
      case 7: out.quantity_scale = read_uint32(in); break;
      case 8: out.tick = read_int64(in); break;
      case 9: out.lot = read_int64(in); break;
      case 10: out.min_quantity = read_int64(in); break;
      case 11: out.max_quantity = read_int64(in); break;
      case 12: out.min_notional = read_int64(in); break;
      case 13: out.max_notional = read_int64(in); break;
      case 14: out.market_protection_bps = read_uint32(in); break;
      case 15: out.phase = read_enum(in, TradingPhase::kClosed); break;
      default: throw Malformed{};
    }
  }
  require(out.asset_class != AssetClass{} && out.phase != TradingPhase{});
  return out;
}

CreateInstrument read_create_instrument(Reader in, Batch& batch) {
  CreateInstrument out;
  while (in.next()) {
    require(in.tag() == 1 && out.instrument == nullptr);
    out.instrument = &batch.instruments.emplace_back(read_instrument(read_message(in)));
  }
  require(out.instrument != nullptr);
  return out;
}

Tick read_tick(Reader in) {
  require(!in.next());
  return {};
}

void read_body(CommandKind kind, Reader in, Batch& batch, Command& out) {
  switch (kind) {
    case CommandKind::kPlaceOrder: out.body = read_place_order(in); return;
    case CommandKind::kCancelOrder: out.body = read_cancel_order(in); return;
    case CommandKind::kTransferIn: out.body = read_transfer(in, TransferDirection::kIn); return;
    case CommandKind::kTransferOut: out.body = read_transfer(in, TransferDirection::kOut); return;
    case CommandKind::kOpenAccount: out.body = read_open_account(in); return;
    case CommandKind::kCreateInstrument: out.body = read_create_instrument(in, batch); return;
    case CommandKind::kTick: out.body = read_tick(in); return;
  }
  throw Malformed{};
}

// Exactly one kind: a second one would make the first a lie.
CommandKinds read_command(std::string_view bytes, Batch& batch) {
  Reader in(bytes.data(), bytes.size());
  require(in.next());
  require(in.tag() >= 1 && in.tag() <= static_cast<std::uint32_t>(CommandKind::kTick));
  const auto kind = static_cast<CommandKind>(in.tag());
  Command& command = batch.commands.emplace_back();
  command.bytes = std::as_bytes(std::span(bytes));
  read_body(kind, read_message(in), batch, command);
  require(!in.next());
  return kind_bit(kind);
}

template <class Read>
Reason read_all_or_nothing(Batch& out, Read read) noexcept {
  out.clear();
  Reason reason = Reason::kNone;
  try {
    reason = read();
  } catch (const Malformed&) {
    reason = Reason::kMalformedCommand;
  } catch (const protozero::exception&) {
    reason = Reason::kMalformedCommand;
  }
  if (reason != Reason::kNone) out.clear();
  return reason;
}

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Reason Core::decode(std::span<const std::byte> submit_request, CommandKinds allowed_kinds, Batch& out) noexcept {
  return read_all_or_nothing(out, [&] {
    const std::string_view bytes = text_of(submit_request);
    Reader in(bytes.data(), bytes.size());
    CommandKinds kinds = 0;
    while (in.next()) {
      require(in.tag() == 1 && out.commands.size() < kMaxBatchCommands);
      kinds |= read_command(read_bytes(in), out);
    }
    return (kinds & ~allowed_kinds) == 0 ? Reason::kNone : Reason::kCallerNotAllowed;
  });
}

Reason Core::decode_command(std::span<const std::byte> command, Batch& out) noexcept {
  return read_all_or_nothing(out, [&] {
    static_cast<void>(read_command(text_of(command), out));
    return Reason::kNone;
  });
}

}  // namespace exchange::engine
