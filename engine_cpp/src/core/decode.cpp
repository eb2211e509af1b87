// Reading batches and the commands of traders, the frequent ones.
#include "decode_admin.hpp"
#include "decode_sessions.hpp"
#include "exchange/engine/core.hpp"
#include "wire_reader.hpp"

namespace exchange::engine {
namespace {

void read_trigger_price(Reader& in, SpecialTerms& out) {
  read_present(in, out.trigger_price, out.has_trigger_price, read_sint64);
}

void read_special_term(Reader& in, SpecialTerms& out) {
  switch (in.tag()) {
    case 14: read_trigger_price(in, out); break;
    case 15: out.trigger_reference = read_enum(in, TriggerReference::kBidAsk); break;
    case 16: out.trailing_ticks = read_int64(in); break;
    case 17: out.trailing_bps = read_uint32(in); break;
    case 18: out.display_quantity = read_int64(in); break;
    case 19: out.min_quantity = read_int64(in); break;
    case 20: out.expire_time_ns = read_int64(in); break;
    case 21: out.post_only_reprice = read_bool(in); break;
    case 22: out.reduce_only = read_bool(in); break;
    case 23: out.peg_reference = read_enum(in, PegReference::kMid); break;
    case 24: out.peg_offset_ticks = read_sint64(in); break;
    case 25: out.tag = read_uint32(in); break;
    case 27: out.validate_only = read_bool(in); break;
    case 28: out.survive_disconnect = read_bool(in); break;
    default: throw Malformed{};
  }
}

// Terms that are all defaults are none.
const SpecialTerms* keep_special(SpecialTerms* terms, Batch& batch) {
  if (terms == nullptr || *terms != SpecialTerms{}) return terms;
  batch.special_terms.pop_back();
  return nullptr;
}

PlaceOrder read_place_order(Reader in, Batch& batch) {
  PlaceOrder out;
  SpecialTerms* special = nullptr;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: out.client_order_id = read_client_id(in); break;
      case 3: out.instrument_id = read_uint32(in); break;
      case 4: out.side = read_enum(in, Side::kSell); break;
      case 5: out.type = read_enum(in, OrderType::kPegged); break;
      case 6: out.time_in_force = read_enum(in, TimeInForce::kAtClose); break;
      case 7: out.post_only = read_bool(in); break;
      case 8: out.self_trade_prevention = read_enum(in, SelfTradePrevention::kNone); break;
      case 9: out.price = read_sint64(in); break;
      case 10: out.quantity = read_int64(in); break;
      case 11: out.quote_budget = read_int64(in); break;
      case 12: out.valid_until_ns = read_int64(in); break;
      case 13: out.fingerprint = read_fixed64(in); break;
      case 26: out.session_id = read_uint64(in); break;
      default:
        if (special == nullptr) special = &batch.special_terms.emplace_back();
        read_special_term(in, *special);
    }
  }
  out.special = keep_special(special, batch);
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
      case 2: read_once(in, out.order_id, has_target, read_uint64); break;
      case 3: read_once(in, out.client_order_id, has_target, read_client_id); break;
      case 4: out.request_id = read_client_id(in); break;
      case 5: out.valid_until_ns = read_int64(in); break;
      case 6: out.fingerprint = read_fixed64(in); break;
      default: throw Malformed{};
    }
  }
  require(has_target);
  return out;
}

void read_size(Reader& in, AmendSize size, AmendOrder& out) {
  require(out.size == AmendSize::kUnchanged);
  out.size = size;
  out.quantity = read_int64(in);
}

AmendOrder read_amend_order(Reader in) {
  AmendOrder out;
  bool has_target = false;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: read_once(in, out.order_id, has_target, read_uint64); break;
      case 3: read_once(in, out.client_order_id, has_target, read_client_id); break;
      case 4: read_size(in, AmendSize::kTotal, out); break;
      case 5: read_size(in, AmendSize::kOpen, out); break;
      case 6: read_present(in, out.price, out.has_price, read_sint64); break;
      case 7: read_present(in, out.display_quantity, out.has_display_quantity, read_int64); break;
      case 8: read_present(in, out.expire_time_ns, out.has_expire_time, read_int64); break;
      case 9: read_present(in, out.trigger_price, out.has_trigger_price, read_sint64); break;
      case 10: out.expected_version = read_uint32(in); break;
      case 11: out.requeue = read_bool(in); break;
      case 12: out.request_id = read_client_id(in); break;
      case 13: out.valid_until_ns = read_int64(in); break;
      case 14: out.fingerprint = read_fixed64(in); break;
      case 15: out.instrument_id = read_uint32(in); break;
      default: throw Malformed{};
    }
  }
  require(has_target);
  return out;
}

MassCancel read_mass_cancel(Reader in) {
  MassCancel out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: read_present(in, out.instrument_id, out.has_instrument, read_uint32); break;
      case 3: out.side = read_enum(in, Side::kSell); break;
      case 4: read_present(in, out.session_id, out.has_session, read_uint64); break;
      case 5: read_present(in, out.tag, out.has_tag, read_uint32); break;
      case 6: out.request_id = read_client_id(in); break;
      case 7: out.valid_until_ns = read_int64(in); break;
      case 8: out.fingerprint = read_fixed64(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

CancelAllAfter read_cancel_all_after(Reader in) {
  CancelAllAfter out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: out.account_id = read_uint64(in); break;
      case 2: out.timeout_ns = read_int64(in); break;
      default: throw Malformed{};
    }
  }
  return out;
}

PlaceOrderGroup read_place_order_group(Reader in, Batch& batch) {
  PlaceOrderGroup out;
  OrderList& orders = batch.order_lists.emplace_back();
  while (in.next()) {
    if (in.tag() == 1) {
      out.link_type = read_enum(in, LinkType::kBracket);
    } else {
      require(in.tag() == 2 && orders.size() < kMaxGroupOrders);
      orders.push_back(read_place_order(read_message(in), batch));
    }
  }
  require(out.link_type != LinkType{} && orders.size() >= 2);
  out.orders = orders;
  return out;
}

PlaceOrders read_place_orders(Reader in, Batch& batch) {
  OrderList& orders = batch.order_lists.emplace_back();
  while (in.next()) {
    require(in.tag() == 1 && orders.size() < kMaxAtomicOrders);
    orders.push_back(read_place_order(read_message(in), batch));
  }
  require(!orders.empty());
  return {orders};
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

Tick read_tick(Reader in) {
  require(!in.next());
  return {};
}

void read_body(CommandKind kind, Reader in, Batch& batch, Command& out) {
  switch (kind) {
    case CommandKind::kPlaceOrder: out.body = read_place_order(in, batch); return;
    case CommandKind::kCancelOrder: out.body = read_cancel_order(in); return;
    case CommandKind::kTransferIn: out.body = read_transfer(in, TransferDirection::kIn); return;
    case CommandKind::kTransferOut: out.body = read_transfer(in, TransferDirection::kOut); return;
    case CommandKind::kTick: out.body = read_tick(in); return;
    case CommandKind::kAmendOrder: out.body = read_amend_order(in); return;
    case CommandKind::kMassCancel: out.body = read_mass_cancel(in); return;
    case CommandKind::kCancelAllAfter: out.body = read_cancel_all_after(in); return;
    case CommandKind::kPlaceOrderGroup: out.body = read_place_order_group(in, batch); return;
    case CommandKind::kPlaceOrders: out.body = read_place_orders(in, batch); return;
    case CommandKind::kOpenSession:
    case CommandKind::kKeepGateway:
    case CommandKind::kEndSession:
    case CommandKind::kLeaderChange: read_session_body(kind, in, batch, out); return;
    default: read_admin_body(kind, in, batch, out); return;
  }
}

// Exactly one kind: a second one would make the first a lie.
CommandKinds read_command(std::string_view bytes, Batch& batch) {
  Reader in(bytes.data(), bytes.size());
  require(in.next());
  require(in.tag() >= 1 && in.tag() <= static_cast<std::uint32_t>(kLastCommandKind));
  const auto kind = static_cast<CommandKind>(in.tag());
  Command& command = batch.commands.emplace_back();
  command.bytes = std::as_bytes(std::span(bytes));
  read_body(kind, read_message(in), batch, command);
  require(!in.next());
  return kind_bit(kind);
}

// kMalformedCommand if `read` comes upon what cannot be read.
template <class Read>
Reason guarded(Read read) noexcept {
  try {
    return read();
  } catch (const Malformed&) {
    return Reason::kMalformedCommand;
  } catch (const protozero::exception&) {
    return Reason::kMalformedCommand;
  }
}

template <class Read>
Reason read_all_or_nothing(Batch& out, Read read) noexcept {
  out.clear();
  const Reason reason = guarded(read);
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
      if (in.tag() == 2) {
        out.response_mode = read_enum(in, ResponseMode::kFull);
      } else {
        require(in.tag() == 1 && out.commands.size() < kMaxBatchCommands);
        kinds |= read_command(read_bytes(in), out);
      }
    }
    return (kinds & ~allowed_kinds) == 0 ? Reason::kNone : Reason::kCallerNotAllowed;
  });
}

void Core::decode_commands(std::span<const std::span<const std::byte>> commands, Batch& out) noexcept {
  out.clear();
  std::size_t whole = 0;
  const Reason reason = guarded([&] {
    for (; whole < commands.size(); ++whole) static_cast<void>(read_command(text_of(commands[whole]), out));
    return Reason::kNone;
  });
  if (reason != Reason::kNone) out.commands.resize(whole);
}

Reason Core::decode_command(std::span<const std::byte> command, Batch& out) noexcept {
  return read_all_or_nothing(out, [&] {
    static_cast<void>(read_command(text_of(command), out));
    return Reason::kNone;
  });
}

}  // namespace exchange::engine
