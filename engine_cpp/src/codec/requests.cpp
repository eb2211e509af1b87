#include "requests.hpp"

#include <charconv>
#include <limits>

#include "wire_fields.hpp"

namespace exchange::codec {
namespace {

__extension__ using Wide = __int128;

// A session's number is one that a signed integer holds, so that every store can.
constexpr std::uint64_t kMaxSessionId = std::numeric_limits<std::int64_t>::max();

void read_moment(Reader& in, Moment& out) {
  out.present = true;
  read_fields(view_of(in), [&](Reader& field) {
    switch (field.tag_and_type()) {
      case varint(1): out.seconds = int64_of(field); break;
      case varint(2): out.nanos = static_cast<std::int32_t>(field.get_uint64()); break;
      default: field.skip();
    }
  });
}

// Text is judged when all is read: the last of several counts.
struct PlaceTexts {
  std::string_view price, quantity, quote_budget, trigger_price, display_quantity, min_quantity;
};


bool take_term(Reader& in, PlaceRequest& out, PlaceTexts& texts, bool& defined) {
  switch (in.tag_and_type()) {
    case bytes(11): read_moment(in, out.valid_until); break;
    case bytes(12): texts.trigger_price = text_of(in); break;
    case varint(13): defined = true; out.trigger_reference = enum_of(in, defined, TriggerReference::kBidAsk, 0); break;
    case varint(14): out.trailing_ticks = int64_of(in); break;
    case varint(15): out.trailing_bps = uint32_of(in); break;
    case bytes(16): texts.display_quantity = text_of(in); break;
    case bytes(17): texts.min_quantity = text_of(in); break;
    case bytes(18): read_moment(in, out.expire_time); break;
    case varint(19): out.post_only_reprice = bool_of(in); break;
    case varint(20): out.tag = uint32_of(in); break;
    case varint(21): out.validate_only = bool_of(in); break;
    case varint(22): out.reduce_only = bool_of(in); break;
    case varint(24): out.peg_offset_ticks = sint64_of(in); break;
    case bytes(25): out.session_text = text_of(in); break;
    case varint(26): out.survive_disconnect = bool_of(in); break;
    default: return false;
  }
  return true;
}

bool holds_texts(const PlaceTexts& texts, PlaceRequest& out) {
  return read_decimal(texts.price, out.price) && read_decimal(texts.quantity, out.quantity) &&
         read_decimal(texts.quote_budget, out.quote_budget) && read_decimal(texts.trigger_price, out.trigger_price) &&
         read_decimal(texts.display_quantity, out.display_quantity) &&
         read_decimal(texts.min_quantity, out.min_quantity);
}

bool is_session(std::string_view text, std::uint64_t& out) {
  if (text.empty()) return true;
  if (!is_number(text)) return false;
  const std::optional<std::uint64_t> number = number_of(text);
  out = number.value_or(0);
  return number && *number <= kMaxSessionId;
}

// Which numbers go with which type.
bool holds_type(const PlaceRequest& r) noexcept {
  switch (r.type) {
    case OrderType::kLimit: return r.price.present && r.quantity.present && !r.quote_budget.present;
    case OrderType::kMarket: return !r.price.present && r.quantity.present != r.quote_budget.present;
    case OrderType::kStop:
    case OrderType::kTakeProfit:
      return r.quantity.present && r.trigger_price.present && !r.price.present && !r.quote_budget.present;
    case OrderType::kStopLimit:
    case OrderType::kTakeProfitLimit:
      return r.price.present && r.quantity.present && r.trigger_price.present && !r.quote_budget.present;
    case OrderType::kTrailingStop:
      return r.quantity.present && (r.trailing_ticks != 0) != (r.trailing_bps != 0) && !r.price.present &&
             !r.trigger_price.present && !r.quote_budget.present;
    case OrderType::kPegged:
      return r.price.present && r.quantity.present && !r.quote_budget.present && r.peg_reference != PegReference{};
  }
  return false;
}

// Ids of the slices of TWAPs begin so, and no others: a TWAP comes by the call, and goes to the engine in slices.
constexpr std::string_view kSlicePrefix = "TWAP-";

// Which terms go with which.
bool holds_terms(const PlaceRequest& r) noexcept {
  const bool waits = r.type >= OrderType::kStop && r.type <= OrderType::kTrailingStop;
  const bool at_once = r.time_in_force == TimeInForce::kIoc || r.time_in_force == TimeInForce::kFok;
  if (!waits && (r.trigger_price.present || r.trigger_reference != TriggerReference{})) return false;
  if (r.type != OrderType::kTrailingStop && (r.trailing_ticks != 0 || r.trailing_bps != 0)) return false;
  if (r.type != OrderType::kPegged && (r.peg_reference != PegReference{} || r.peg_offset_ticks != 0)) return false;
  if ((r.time_in_force == TimeInForce::kGtd) != r.expire_time.present) return false;
  if (r.min_quantity.present && r.time_in_force != TimeInForce::kIoc) return false;
  if (r.display_quantity.present && (r.type != OrderType::kLimit || at_once)) return false;
  if (r.post_only_reprice && !r.post_only) return false;
  if (r.survive_disconnect && !r.reduce_only) return false;
  if (r.has_schedule || r.client_order_id.starts_with(kSlicePrefix)) return false;
  return r.trailing_ticks >= 0;
}

void read_target(Reader& in, TargetText& out, bool by_number) {
  out = {};
  out.present = true;
  out.by_number = by_number;
  (by_number ? out.number : out.client_order_id) = text_of(in);
}

bool is_target(const TargetText& target) noexcept {
  return target.present && (target.by_number ? is_number(target.number) : is_client_id(target.client_order_id));
}

bool is_request_id(std::string_view text) noexcept { return text.empty() || is_client_id(text); }

}  // namespace

std::int64_t Moment::ns() const noexcept {
  const Wide ns = static_cast<Wide>(seconds) * 1'000'000'000 + nanos;
  if (ns < std::numeric_limits<std::int64_t>::min()) return std::numeric_limits<std::int64_t>::min();
  if (ns > std::numeric_limits<std::int64_t>::max()) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(ns);
}

std::optional<std::uint64_t> number_of(std::string_view digits) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return {};
  return number;
}

void read_request(std::string_view message, PlaceRequest& out) {
  out = {};
  PlaceTexts texts;
  bool side = false, type = false, time_in_force = false, mode = true, reference = true, peg = true;
  read_fields(message, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case bytes(1): out.client_order_id = text_of(in); break;
      case bytes(2): out.symbol = text_of(in); break;
      case varint(3): side = true; out.side = enum_of(in, side, Side::kSell); break;
      case varint(4): type = true; out.type = enum_of(in, type, OrderType::kPegged); break;
      case varint(5): time_in_force = true; out.time_in_force = enum_of(in, time_in_force, TimeInForce::kAtClose); break;
      case bytes(6): texts.price = text_of(in); break;
      case bytes(7): texts.quantity = text_of(in); break;
      case bytes(8): texts.quote_budget = text_of(in); break;
      case varint(9): out.post_only = bool_of(in); break;
      case varint(10): mode = true; out.self_trade_prevention = enum_of(in, mode, SelfTradePrevention::kDecrement); break;
      case varint(23): peg = true; out.peg_reference = enum_of(in, peg, PegReference::kMid, 0); break;
      case bytes(27): out.has_schedule = true; in.skip(); break;
      default:
        if (!take_term(in, out, texts, reference)) in.skip();
    }
  });
  out.well_formed = side && type && time_in_force && mode && reference && peg && is_client_id(out.client_order_id) &&
                    is_symbol(out.symbol) && holds_texts(texts, out) && holds_type(out) && holds_terms(out) &&
                    is_session(out.session_text, out.session_id);
}

void read_request(std::string_view message, AmendRequest& out) {
  out = {};
  std::string_view quantity, price, display_quantity, trigger_price;
  read_fields(message, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case bytes(1): read_target(in, out.target, true); break;
      case bytes(2): read_target(in, out.target, false); break;
      case bytes(3): quantity = text_of(in); break;
      case bytes(4): price = text_of(in); break;
      case bytes(5): display_quantity = text_of(in); break;
      case bytes(6): read_moment(in, out.expire_time); break;
      case bytes(7): trigger_price = text_of(in); break;
      case varint(8): out.expected_version = uint32_of(in); break;
      case bytes(9): out.request_id = text_of(in); break;
      case bytes(10): read_moment(in, out.valid_until); break;
      case bytes(11): out.symbol = text_of(in); break;
      default: in.skip();
    }
  });
  const bool decimals = read_decimal(quantity, out.quantity) && read_decimal(price, out.price) &&
                        read_decimal(display_quantity, out.display_quantity) &&
                        read_decimal(trigger_price, out.trigger_price);
  const bool changes = out.quantity.present || out.price.present || out.display_quantity.present ||
                       out.expire_time.present || out.trigger_price.present;
  out.well_formed = decimals && changes && is_target(out.target) && is_request_id(out.request_id) &&
                    (out.symbol.empty() || is_symbol(out.symbol));
}

void read_request(std::string_view message, CancelRequest& out) {
  out = {};
  read_fields(message, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case bytes(1): read_target(in, out.target, true); break;
      case bytes(2): read_target(in, out.target, false); break;
      case bytes(3): out.request_id = text_of(in); break;
      default: in.skip();
    }
  });
  out.well_formed = is_target(out.target) && is_request_id(out.request_id);
}

void read_request(std::string_view message, MassCancelRequest& out) {
  out = {};
  bool side = true;
  read_fields(message, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case bytes(1): out.symbol = text_of(in); break;
      case varint(2): side = true; out.side = enum_of(in, side, Side::kSell); break;
      case bytes(3): out.session_text = text_of(in); break;
      case varint(4): out.has_tag = true; out.tag = uint32_of(in); break;
      case bytes(5): out.request_id = text_of(in); break;
      case bytes(6): read_moment(in, out.valid_until); break;
      default: in.skip();
    }
  });
  out.well_formed = side && (out.symbol.empty() || is_symbol(out.symbol)) && is_request_id(out.request_id) &&
                    is_session(out.session_text, out.session_id);
}

void read_request(std::string_view message, GroupRequest& out) {
  out.count = 0;
  out.link_type = {};
  bool link = false, legs = true;
  read_fields(message, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case varint(1): link = true; out.link_type = enum_of(in, link, LinkType::kBracket); break;
      case bytes(2): {
        PlaceRequest leg;
        read_request(view_of(in), leg);
        legs = legs && leg.well_formed && out.count < kMaxLegs;
        if (out.count < kMaxLegs) out.orders[out.count++] = leg;
        break;
      }
      default: in.skip();
    }
  });
  out.well_formed = link && legs && out.count >= kMinLegs;
}

// What Unicode calls well-formed: no overlong form, no surrogate, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned first = byte(i);
    const unsigned second = byte(i + 1);
    if (first < 0x80) {
      i += 1;
    } else if (first >= 0xC2 && first <= 0xDF && follows(i + 1)) {
      i += 2;
    } else if (first >= 0xE0 && first <= 0xEF && follows(i + 1) && follows(i + 2) &&
               (first != 0xE0 || second >= 0xA0) && (first != 0xED || second < 0xA0)) {
      i += 3;
    } else if (first >= 0xF0 && first <= 0xF4 && follows(i + 1) && follows(i + 2) && follows(i + 3) &&
               (first != 0xF0 || second >= 0x90) && (first != 0xF4 || second < 0x90)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace exchange::codec
