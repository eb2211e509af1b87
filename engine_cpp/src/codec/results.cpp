#include "results.hpp"

#include <charconv>

#include "decimal.hpp"
#include "wire_fields.hpp"

namespace exchange::codec {
namespace {

using engine::Reason;
using engine::ResponseMode;
using engine::WireWriter;

constexpr std::int64_t kSecondNs = 1'000'000'000;

// The number in one field; zero if the message has none, or cannot be read.
std::uint64_t number_in(std::string_view message, std::uint32_t field) {
  std::uint64_t number = 0;
  try {
    read_fields(message, [&](Reader& in) {
      if (in.tag_and_type() == varint(field)) {
        number = in.get_uint64();
      } else {
        in.skip();
      }
    });
  } catch (const Unreadable&) {
    return 0;
  }
  return number;
}

}  // namespace

engine::Reason reason_of_result(std::string_view result) { return static_cast<Reason>(number_in(result, 2)); }
engine::Reason reason_of_order(std::string_view result) { return static_cast<Reason>(number_in(result, 1)); }
std::uint64_t engine_seq_of(std::string_view result) { return number_in(result, 1); }

struct ResultWriter::Head {
  std::uint64_t engine_seq = 0;
  std::uint64_t order_id = 0;
  std::uint64_t cancelled_count = 0;
  std::uint64_t instrument_id = 0;
  Reason reason{};
  bool replayed = false;
};

// Where an order stands: seven fields in a row of either message.
struct ResultWriter::Standing {
  std::uint64_t status = 0;
  std::uint64_t end_reason = 0;
  std::int64_t price = 0;
  std::int64_t cum_quantity = 0;
  std::int64_t leaves_quantity = 0;
  std::int64_t cum_notional = 0;
  std::uint64_t version = 0;

  // True if the field was one of them, the first of which has number `first`.
  template <std::uint32_t first>
  bool take(Reader& in) {
    switch (in.tag_and_type()) {
      case varint(first): status = in.get_uint64(); return true;
      case varint(first + 1): end_reason = in.get_uint64(); return true;
      case varint(first + 2): price = sint64_of(in); return true;
      case varint(first + 3): cum_quantity = int64_of(in); return true;
      case varint(first + 4): leaves_quantity = int64_of(in); return true;
      case varint(first + 5): cum_notional = int64_of(in); return true;
      case varint(first + 6): version = in.get_uint64(); return true;
      default: return false;
    }
  }
};

void ResultWriter::put(std::string_view result, const Instrument* instrument) {
  Head head;
  Standing standing;
  std::string_view order;
  read_fields(result, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case varint(1): head.engine_seq = in.get_uint64(); break;
      case varint(2): head.reason = static_cast<Reason>(in.get_uint64()); break;
      case varint(3): head.replayed = bool_of(in); break;
      case bytes(4): order = view_of(in); break;
      case varint(6): head.order_id = in.get_uint64(); break;
      case varint(16): head.cancelled_count = in.get_uint64(); break;
      case varint(17): head.instrument_id = in.get_uint64(); break;
      default:
        if (!standing.take<7>(in)) in.skip();
    }
  });
  put_head(head, head.reason);
  if (instrument == nullptr) instrument = instruments_.with_id(static_cast<std::uint32_t>(head.instrument_id));
  if (head.order_id != 0 && standing.status != 0) put_standing(standing, instrument);
  if (!order.empty()) put_order(13, order, instrument);
  read_fields(result, [&](Reader& in) {
    if (in.tag_and_type() == bytes(5) && instrument != nullptr) {
      put_fill(14, view_of(in), *instrument);
    } else {
      in.skip();
    }
  });
  out_.put(15, head.cancelled_count);
  read_fields(result, [&](Reader& in) {
    if (in.tag_and_type() != bytes(kOrdersOfResult)) return in.skip();
    put_leg(view_of(in), head, instrument);
  });
}

void ResultWriter::put_leg(std::string_view result, const Head& head, const Instrument* instrument) {
  Head leg = head;
  leg.order_id = number_in(result, 2);
  out_.message(16, [&](WireWriter&) {
    put_head(leg, reason_of_order(result));
    put_order_result(result, instrument);
  });
}

void ResultWriter::put_one_together(std::string_view result, std::string_view order, const Instrument* instrument) {
  const Head head{.engine_seq = number_in(result, 1),
                  .order_id = number_in(order, 2),
                  .reason = static_cast<Reason>(number_in(result, 2)),
                  .replayed = number_in(result, 3) != 0};
  put_head(head, order.empty() ? head.reason : reason_of_order(order));
  put_order_result(order, instrument);
}

void ResultWriter::put_head(const Head& head, Reason reason) {
  out_.put(1, reason);
  put_number(3, head.engine_seq);
  out_.put(4, head.replayed);
  if (mode_ != ResponseMode::kFull) put_number(5, head.order_id);
}

// What an `OrderResult` says beyond reason and number; mode FULL has the order in place of where it stands.
void ResultWriter::put_order_result(std::string_view result, const Instrument* instrument) {
  Standing standing;
  std::string_view order;
  read_fields(result, [&](Reader& in) {
    if (in.tag_and_type() == bytes(10)) {
      order = view_of(in);
    } else if (!standing.take<3>(in)) {
      in.skip();
    }
  });
  if (mode_ == ResponseMode::kResult && standing.status != 0) put_standing(standing, instrument);
  if (!order.empty()) put_order(13, order, instrument);
  read_fields(result, [&](Reader& in) {
    if (in.tag_and_type() == bytes(11) && instrument != nullptr) {
      put_fill(14, view_of(in), *instrument);
    } else {
      in.skip();
    }
  });
}

void ResultWriter::put_standing(const Standing& standing, const Instrument* instrument) {
  out_.put(6, standing.status);
  out_.put(7, standing.end_reason);
  if (instrument != nullptr) {
    put_decimal(8, standing.price, instrument->price_scale);
    put_decimal(9, standing.cum_quantity, instrument->quantity_scale);
    put_decimal(10, standing.leaves_quantity, instrument->quantity_scale);
    put_decimal(11, standing.cum_notional, instrument->quote_scale);
  }
  out_.put(12, standing.version);
}

void ResultWriter::put_fill(WireWriter::Field field, std::string_view fill, const Instrument& instrument) {
  std::uint64_t trade_id = 0;
  std::uint64_t liquidity = 0;
  std::int64_t price = 0, quantity = 0, notional = 0, fee = 0;
  read_fields(fill, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case varint(1): trade_id = in.get_uint64(); break;
      case varint(2): price = sint64_of(in); break;
      case varint(3): quantity = int64_of(in); break;
      case varint(4): notional = int64_of(in); break;
      case varint(5): fee = int64_of(in); break;
      case varint(6): liquidity = in.get_uint64(); break;
      default: in.skip();
    }
  });
  out_.message(field, [&](WireWriter& out) {
    put_number(1, trade_id);
    put_decimal(2, price, instrument.price_scale);
    put_decimal(3, quantity, instrument.quantity_scale);
    put_decimal(4, notional, instrument.quote_scale);
    put_decimal(5, fee, instrument.quote_scale);
    out.put(6, liquidity);
  });
}

void ResultWriter::put_number(WireWriter::Field field, std::uint64_t number) {
  if (number == 0) return;
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out_.put(field, {digits, static_cast<std::size_t>(end - digits)});
}

void ResultWriter::put_decimal(WireWriter::Field field, std::int64_t units, unsigned scale) {
  char text[kMaxDecimalSize];
  const char* const end = codec::put_decimal(text, units, scale);
  out_.put(field, {text, static_cast<std::size_t>(end - text)});
}

void ResultWriter::put_moment(WireWriter::Field field, std::int64_t ns) {
  std::int64_t seconds = ns / kSecondNs;
  std::int64_t nanos = ns % kSecondNs;
  if (nanos < 0) {
    nanos += kSecondNs;
    --seconds;
  }
  out_.message(field, [&](WireWriter& out) {
    out.put(1, seconds);
    out.put(2, nanos);
  });
}

}  // namespace exchange::codec
