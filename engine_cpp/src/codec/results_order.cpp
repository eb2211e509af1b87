// The order of the engine written as the order of clients, with the decimals of its instrument.
#include "decimal.hpp"
#include "results.hpp"
#include "wire_fields.hpp"

namespace exchange::codec {
namespace {

using engine::WireWriter;

__extension__ using Wide = __int128;

// An amount or a price whose presence says something.
struct Optional {
  std::int64_t units = 0;
  bool present = false;
};

struct Order {
  std::string_view client_order_id;
  std::uint64_t order_id = 0, instrument_id = 0, side = 0, type = 0, time_in_force = 0, self_trade_prevention = 0;
  std::uint64_t status = 0, end_reason = 0, reject_reason = 0, version = 0;
  std::uint64_t trigger_reference = 0, trailing_ticks = 0, trailing_bps = 0, peg_reference = 0, tag = 0, session_id = 0;
  std::int64_t price = 0, quantity = 0, quote_budget = 0, cum_quantity = 0, leaves_quantity = 0;
  std::int64_t prevented_quantity = 0, cancelled_quantity = 0, cum_notional = 0, cum_fee = 0;
  std::int64_t accepted_time_ns = 0, updated_time_ns = 0, triggered_time_ns = 0, expire_time_ns = 0;
  std::int64_t display_quantity = 0, displayed_quantity = 0, min_quantity = 0, peg_offset_ticks = 0;
  Optional trigger_price, watermark_price, working_price;
  bool post_only = false, post_only_reprice = false, reduce_only = false, survive_disconnect = false;
};

Optional present(Reader& in) { return {sint64_of(in), true}; }

void take_term(Reader& in, Order& o) {
  switch (in.tag_and_type()) {
    case varint(25): o.trigger_price = present(in); break;
    case varint(26): o.trigger_reference = in.get_uint64(); break;
    case varint(27): o.trailing_ticks = in.get_uint64(); break;
    case varint(28): o.trailing_bps = in.get_uint64(); break;
    case varint(29): o.watermark_price = present(in); break;
    case varint(30): o.triggered_time_ns = int64_of(in); break;
    case varint(31): o.display_quantity = int64_of(in); break;
    case varint(32): o.displayed_quantity = int64_of(in); break;
    case varint(34): o.min_quantity = int64_of(in); break;
    case varint(35): o.expire_time_ns = int64_of(in); break;
    case varint(36): o.post_only_reprice = bool_of(in); break;
    case varint(37): o.reduce_only = bool_of(in); break;
    case varint(38): o.peg_reference = in.get_uint64(); break;
    case varint(39): o.peg_offset_ticks = sint64_of(in); break;
    case varint(40): o.working_price = present(in); break;
    case varint(41): o.tag = in.get_uint64(); break;
    case varint(42): o.session_id = in.get_uint64(); break;
    case varint(43): o.survive_disconnect = bool_of(in); break;
    default: in.skip();
  }
}

Order read_order(std::string_view message) {
  Order o;
  read_fields(message, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case varint(1): o.order_id = in.get_uint64(); break;
      case bytes(3): o.client_order_id = view_of(in); break;
      case varint(4): o.instrument_id = in.get_uint64(); break;
      case varint(5): o.side = in.get_uint64(); break;
      case varint(6): o.type = in.get_uint64(); break;
      case varint(7): o.time_in_force = in.get_uint64(); break;
      case varint(8): o.post_only = bool_of(in); break;
      case varint(9): o.self_trade_prevention = in.get_uint64(); break;
      case varint(10): o.price = sint64_of(in); break;
      case varint(11): o.quantity = int64_of(in); break;
      case varint(12): o.cum_quantity = int64_of(in); break;
      case varint(13): o.leaves_quantity = int64_of(in); break;
      case varint(14): o.prevented_quantity = int64_of(in); break;
      case varint(15): o.cancelled_quantity = int64_of(in); break;
      case varint(16): o.cum_notional = int64_of(in); break;
      case varint(17): o.cum_fee = int64_of(in); break;
      case varint(18): o.status = in.get_uint64(); break;
      case varint(19): o.end_reason = in.get_uint64(); break;
      case varint(20): o.reject_reason = in.get_uint64(); break;
      case varint(21): o.version = in.get_uint64(); break;
      case varint(22): o.accepted_time_ns = int64_of(in); break;
      case varint(23): o.updated_time_ns = int64_of(in); break;
      case varint(24): o.quote_budget = int64_of(in); break;
      default: take_term(in, o);
    }
  });
  return o;
}

bool has_limit(std::uint64_t type) noexcept {
  const auto of = static_cast<OrderType>(type);
  return of == OrderType::kLimit || of == OrderType::kStopLimit || of == OrderType::kTakeProfitLimit ||
         of == OrderType::kPegged;
}

// Average price of what traded in quote units, cut toward zero; needs a fill.
std::int64_t average_price(const Order& order, const Instrument& instrument) noexcept {
  return static_cast<std::int64_t>(Wide{order.cum_notional} * power_of_ten(instrument.quantity_scale) /
                                   order.cum_quantity);
}

}  // namespace

void ResultWriter::put_order(WireWriter::Field field, std::string_view message, const Instrument*& instrument) {
  const Order o = read_order(message);
  if (instrument == nullptr) instrument = instruments_.with_id(static_cast<std::uint32_t>(o.instrument_id));
  static const Instrument kUnknown;
  const Instrument& i = instrument == nullptr ? kUnknown : *instrument;
  const auto price = [&](WireWriter::Field number, std::int64_t units) {
    if (instrument != nullptr) put_decimal(number, units, i.price_scale);
  };
  const auto quantity = [&](WireWriter::Field number, std::int64_t units) {
    if (instrument != nullptr) put_decimal(number, units, i.quantity_scale);
  };
  const auto quote = [&](WireWriter::Field number, std::int64_t units) {
    if (instrument != nullptr) put_decimal(number, units, i.quote_scale);
  };
  out_.message(field, [&](WireWriter& out) {
    put_number(1, o.order_id);
    out.put(2, o.client_order_id);
    out.put(3, std::string_view(i.symbol));
    out.put(4, o.side);
    out.put(5, o.type);
    out.put(6, o.time_in_force);
    if (has_limit(o.type)) price(7, o.price);
    quantity(8, o.quantity);
    if (o.quote_budget != 0) quote(9, o.quote_budget);
    out.put(10, o.post_only);
    out.put(11, o.self_trade_prevention != 0 ? o.self_trade_prevention
                                             : static_cast<std::uint64_t>(SelfTradePrevention::kCancelMaker));
    out.put(12, o.status);
    out.put(13, o.end_reason);
    quantity(14, o.cum_quantity);
    quantity(15, o.leaves_quantity);
    quantity(16, o.prevented_quantity);
    quantity(17, o.cancelled_quantity);
    quote(18, o.cum_notional);
    quote(19, o.cum_fee);
    if (o.cum_quantity != 0) quote(20, average_price(o, i));
    out.put(21, o.version);
    out.put(22, names_.of(o.reject_reason));
    put_moment(23, o.accepted_time_ns);
    put_moment(24, o.updated_time_ns);
    if (o.trigger_price.present) price(25, o.trigger_price.units);
    out.put(26, o.trigger_reference);
    out.put(27, o.trailing_ticks);
    out.put(28, o.trailing_bps);
    if (o.watermark_price.present) price(29, o.watermark_price.units);
    if (o.triggered_time_ns != 0) put_moment(30, o.triggered_time_ns);
    if (o.display_quantity != 0) {
      quantity(31, o.display_quantity);
      quantity(32, o.displayed_quantity);
    }
    if (o.min_quantity != 0) quantity(33, o.min_quantity);
    if (o.expire_time_ns != 0) put_moment(34, o.expire_time_ns);
    out.put(35, o.post_only_reprice);
    if (o.working_price.present) price(36, o.working_price.units);
    out.put(37, o.tag);
    out.put(38, o.reduce_only);
    out.put(39, o.peg_reference);
    out.put_signed(40, o.peg_offset_ticks);
    put_number(41, o.session_id);
    out.put(42, o.survive_disconnect);
  });
}

}  // namespace exchange::codec
