// Writing commands, with the fingerprints of what they mean.
#include "commands.hpp"

#include "fingerprint.hpp"
#include "wire_writer.hpp"

namespace exchange::codec {
namespace {

using engine::ByteBuffer;
using engine::CommandKind;
using engine::WireWriter;

constexpr WireWriter::Field kCommands = 1;
// How long a request without `valid_until` stays valid: the ten minutes that ids are remembered, less the five seconds by
// which this clock may be ahead of the engine's.
constexpr std::int64_t kDefaultValidityNs = 595'000'000'000;

std::int64_t valid_until(const Moment& asked, const Asker& asker) noexcept {
  return asked.present ? asked.ns() : asker.now_ns + kDefaultValidityNs;
}

void put_fixed(ByteBuffer& out, WireWriter::Field field, std::uint64_t value) {
  char* const at = engine::wire::put_key(out.reserve(engine::wire::kMaxField), field, 1);
  std::memcpy(at, &value, sizeof value);
  out.end_at(at + sizeof value);
}

template <class Body>
void write_command(ByteBuffer& out, CommandKind kind, Body body) {
  WireWriter(out).message(kCommands, [&](WireWriter& command) {
    command.message(static_cast<WireWriter::Field>(kind), body);
  });
}

std::uint64_t fingerprint_of(const NewOrder& order) noexcept {
  const PlaceRequest& asked = order.asked;
  Fingerprint print;
  print.add(std::uint64_t{1} | static_cast<std::uint64_t>(asked.side) << 8U |
            static_cast<std::uint64_t>(asked.type) << 16U | static_cast<std::uint64_t>(asked.time_in_force) << 24U |
            std::uint64_t{asked.post_only} << 32U | static_cast<std::uint64_t>(asked.self_trade_prevention) << 40U);
  print.add(std::uint64_t{order.instrument->instrument_id});
  print.add(order.price);
  print.add(order.quantity);
  print.add(order.quote_budget);
  if (asked.trigger_price.present) print.add_term(14, order.trigger_price);
  print.add_term_unless_default(15, asked.trigger_reference);
  print.add_term_unless_default(16, asked.trailing_ticks);
  print.add_term_unless_default(17, asked.trailing_bps);
  print.add_term_unless_default(18, order.display_quantity);
  print.add_term_unless_default(19, order.min_quantity);
  if (asked.time_in_force != TimeInForce::kDay) print.add_term_unless_default(20, order.expire_time_ns);
  print.add_term_unless_default(21, asked.post_only_reprice);
  print.add_term_unless_default(22, asked.reduce_only);
  print.add_term_unless_default(23, asked.peg_reference);
  print.add_term_unless_default(24, asked.peg_offset_ticks);
  print.add_term_unless_default(25, asked.tag);
  print.add_term_unless_default(28, asked.survive_disconnect);
  return print.value();
}

void put_order(const NewOrder& order, const Asker& asker, ByteBuffer& buffer, WireWriter& out) {
  const PlaceRequest& asked = order.asked;
  out.put(1, asker.account_id);
  out.put(2, asked.client_order_id);
  out.put(3, order.instrument->instrument_id);
  out.put(4, asked.side);
  out.put(5, asked.type);
  out.put(6, asked.time_in_force);
  out.put(7, asked.post_only);
  out.put(8, asked.self_trade_prevention);
  out.put_signed(9, order.price);
  out.put(10, order.quantity);
  out.put(11, order.quote_budget);
  out.put(12, valid_until(asked.valid_until, asker));
  put_fixed(buffer, 13, fingerprint_of(order));
  if (asked.trigger_price.present) out.put_signed_present(14, order.trigger_price);
  out.put(15, asked.trigger_reference);
  out.put(16, asked.trailing_ticks);
  out.put(17, asked.trailing_bps);
  out.put(18, order.display_quantity);
  out.put(19, order.min_quantity);
  out.put(20, order.expire_time_ns);
  out.put(21, asked.post_only_reprice);
  out.put(22, asked.reduce_only);
  out.put(23, asked.peg_reference);
  out.put_signed(24, asked.peg_offset_ticks);
  out.put(25, asked.tag);
  out.put(26, asked.session_id != 0 ? asked.session_id : asker.session_id);
  out.put(28, asked.survive_disconnect);
}

struct Target {
  std::uint64_t order_id = 0;
  std::string_view client_order_id;
};

// A number that 64 bits cannot hold is no order's.
Reason translate_target(const TargetText& text, Target& out) noexcept {
  if (!text.by_number) {
    out.client_order_id = text.client_order_id;
    return Reason::kNone;
  }
  const std::optional<std::uint64_t> number = number_of(text.number);
  out.order_id = number.value_or(0);
  return number ? Reason::kNone : Reason::kOrderNotFound;
}

void put_target(const Target& target, WireWriter& out) {
  if (target.client_order_id.empty()) {
    out.put_present(2, target.order_id);
  } else {
    out.put(3, target.client_order_id);
  }
}

void add_target(const Target& target, std::uint64_t by_number, std::uint64_t by_name, Fingerprint& print) noexcept {
  if (!target.client_order_id.empty()) return print.add_name(by_name, target.client_order_id);
  print.add(by_number);
  print.add(target.order_id);
}

// A change as the engine takes it.
struct Change {
  Target target;
  std::int64_t quantity = 0;
  std::int64_t price = 0;
  std::int64_t display_quantity = 0;
  std::int64_t trigger_price = 0;
};

Reason translate_change(const AmendRequest& asked, const Instrument& i, Change& out) noexcept {
  const auto fault = [](DecimalFault fault, Reason many, Reason range) {
    if (fault == DecimalFault::kNone) return Reason::kNone;
    return fault == DecimalFault::kTooManyDecimals ? many : range;
  };
  const Reason reasons[] = {
      fault(units_of(asked.quantity, i.quantity_scale, out.quantity), Reason::kQuantityNotOnLot,
            Reason::kQuantityOutOfRange),
      fault(units_of(asked.price, i.price_scale, out.price), Reason::kPriceNotOnTick, Reason::kPriceOutOfRange),
      fault(units_of(asked.display_quantity, i.quantity_scale, out.display_quantity),
            Reason::kDisplayQuantityOutOfRange, Reason::kDisplayQuantityOutOfRange),
      fault(units_of(asked.trigger_price, i.price_scale, out.trigger_price), Reason::kPriceNotOnTick,
            Reason::kPriceOutOfRange)};
  for (const Reason reason : reasons) {
    if (reason != Reason::kNone) return reason;
  }
  return Reason::kNone;
}

std::uint64_t fingerprint_of(const AmendRequest& asked, const Change& change) noexcept {
  Fingerprint print;
  add_target(change.target, 4, 6, print);
  if (asked.quantity.present) print.add_term(4, change.quantity);
  if (asked.price.present) print.add_term(6, change.price);
  if (asked.display_quantity.present) print.add_term(7, change.display_quantity);
  if (asked.expire_time.present) print.add_term(8, asked.expire_time.ns());
  if (asked.trigger_price.present) print.add_term(9, change.trigger_price);
  print.add_term_unless_default(10, asked.expected_version);
  return print.value();
}

void put_change(const AmendRequest& asked, const Change& change, const Asker& asker, std::uint32_t instrument_id,
                ByteBuffer& buffer, WireWriter& out) {
  out.put(1, asker.account_id);
  put_target(change.target, out);
  if (asked.quantity.present) out.put_present(4, change.quantity);
  if (asked.price.present) out.put_signed_present(6, change.price);
  if (asked.display_quantity.present) out.put_present(7, change.display_quantity);
  if (asked.expire_time.present) out.put_present(8, asked.expire_time.ns());
  if (asked.trigger_price.present) out.put_signed_present(9, change.trigger_price);
  out.put(10, asked.expected_version);
  out.put(12, asked.request_id);
  out.put(13, valid_until(asked.valid_until, asker));
  put_fixed(buffer, 14, fingerprint_of(asked, change));
  out.put(15, instrument_id);
}

std::uint64_t fingerprint_of(const MassCancelRequest& asked, const Instrument* instrument) noexcept {
  Fingerprint print;
  print.add(std::uint64_t{5});
  if (instrument != nullptr) print.add_term(2, instrument->instrument_id);
  print.add_term_unless_default(3, asked.side);
  print.add_term_unless_default(4, asked.session_id);
  if (asked.has_tag) print.add_term(5, asked.tag);
  return print.value();
}

}  // namespace

void write_place(const NewOrder& order, const Setting& setting, ByteBuffer& out) {
  write_command(out, CommandKind::kPlaceOrder, [&](WireWriter& body) { put_order(order, setting.asker, out, body); });
}

void write_group(const NewGroup& group, const Setting& setting, ByteBuffer& out) {
  write_command(out, CommandKind::kPlaceOrderGroup, [&](WireWriter& body) {
    body.put(1, group.link_type);
    for (std::size_t i = 0; i < group.count; ++i) {
      body.message(2, [&](WireWriter& leg) { put_order(group.orders[i], setting.asker, out, leg); });
    }
  });
}

void write_together(std::span<const NewOrder> orders, const Setting& setting, ByteBuffer& out) {
  write_command(out, CommandKind::kPlaceOrders, [&](WireWriter& body) {
    for (const NewOrder& order : orders) {
      body.message(1, [&](WireWriter& one) { put_order(order, setting.asker, out, one); });
    }
  });
}

Reason write_amend(std::string_view request, const Setting& setting, ByteBuffer& out, const Instrument*& about,
                   std::string_view& unknown) {
  AmendRequest asked;
  read_request(request, asked);
  if (!asked.well_formed || asked.symbol.empty()) return Reason::kInvalidField;
  Change change;
  if (const Reason reason = translate_target(asked.target, change.target); reason != Reason::kNone) return reason;
  about = setting.instruments.with_symbol(asked.symbol);
  if (about == nullptr) {
    unknown = asked.symbol;
    return Reason::kUnknownInstrument;
  }
  if (const Reason reason = translate_change(asked, *about, change); reason != Reason::kNone) return reason;
  write_command(out, CommandKind::kAmendOrder, [&](WireWriter& body) {
    put_change(asked, change, setting.asker, about->instrument_id, out, body);
  });
  return Reason::kNone;
}

Reason write_cancel(std::string_view request, const Setting& setting, ByteBuffer& out) {
  CancelRequest asked;
  read_request(request, asked);
  if (!asked.well_formed) return Reason::kInvalidField;
  Target target;
  if (const Reason reason = translate_target(asked.target, target); reason != Reason::kNone) return reason;
  Fingerprint print;
  add_target(target, 2, 3, print);
  write_command(out, CommandKind::kCancelOrder, [&](WireWriter& body) {
    body.put(1, setting.asker.account_id);
    put_target(target, body);
    body.put(4, asked.request_id);
    body.put(5, setting.asker.now_ns + kDefaultValidityNs);
    put_fixed(out, 6, print.value());
  });
  return Reason::kNone;
}

Reason write_mass_cancel(std::string_view request, const Setting& setting, ByteBuffer& out,
                         std::string_view& unknown) {
  MassCancelRequest asked;
  read_request(request, asked);
  if (!asked.well_formed) return Reason::kInvalidField;
  const Instrument* const instrument = asked.symbol.empty() ? nullptr : setting.instruments.with_symbol(asked.symbol);
  if (instrument == nullptr && !asked.symbol.empty()) {
    unknown = asked.symbol;
    return Reason::kUnknownInstrument;
  }
  write_command(out, CommandKind::kMassCancel, [&](WireWriter& body) {
    body.put(1, setting.asker.account_id);
    if (instrument != nullptr) body.put_present(2, instrument->instrument_id);
    body.put(3, asked.side);
    if (asked.session_id != 0) body.put_present(4, asked.session_id);
    if (asked.has_tag) body.put_present(5, asked.tag);
    body.put(6, asked.request_id);
    body.put(7, valid_until(asked.valid_until, setting.asker));
    put_fixed(out, 8, fingerprint_of(asked, instrument));
  });
  return Reason::kNone;
}

}  // namespace exchange::codec
