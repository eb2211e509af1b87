#include "exchange/codec/batch.hpp"

#include <algorithm>
#include <utility>

#include "commands.hpp"
#include "results.hpp"
#include "wire_fields.hpp"

namespace exchange::codec {
namespace {

// Calls `read`; false if it comes upon bytes that protobuf cannot read.
template <class Read>
bool is_readable(Read read) {
  try {
    read();
    return true;
  } catch (const Unreadable&) {
    return false;
  }
}

// The only field of a message, of those numbered from 1 to `last`; zero if there is none or more than one.
template <class Kind>
Kind only_field(std::string_view message, Kind last, std::string_view& body) {
  std::uint32_t kind = 0;
  std::size_t count = 0;
  read_fields(message, [&](Reader& in) {
    const bool known = in.tag() >= 1 && in.tag() <= static_cast<std::uint32_t>(last) &&
                       in.wire_type() == protozero::pbf_wire_type::length_delimited;
    if (!known) return in.skip();
    kind = in.tag();
    body = view_of(in);
    ++count;
  });
  return count == 1 ? static_cast<Kind>(kind) : Kind{};
}

}  // namespace

Message read_message(std::string_view bytes) noexcept {
  Message message;
  if (!is_readable([&] { message.kind = only_field(bytes, MessageKind::kClose, message.body); })) return {};
  return message;
}

Batch::Batch(std::string_view body, const Setting& setting, const ReasonNames& names)
    : instruments_(setting.instruments), names_(names), gateway_time_ns_(setting.asker.now_ns) {
  if (!is_readable([&] { read(body); })) fault_ = BatchFault::kItemCount;
  if (fault_ == BatchFault::kNone && items_.empty()) fault_ = BatchFault::kItemCount;
  if (fault_ != BatchFault::kNone) {
    items_.clear();
    return;
  }
  if (acceptance_ == Acceptance::kAllOrNone) {
    translate_together(setting);
  } else {
    translate_each(setting);
  }
}

void Batch::read(std::string_view body) {
  bool acceptance = true;
  bool mode = true;
  read_fields(body, [&](Reader& in) {
    switch (in.tag_and_type()) {
      case varint(1): correlation_id_ = in.get_uint64(); break;
      case bytes(2): {
        const std::string_view item = view_of(in);
        if (items_.size() < kMaxItems) return read_item(item, items_.emplace_back());
        fault_ = BatchFault::kItemCount;
        break;
      }
      case varint(3): acceptance = true; acceptance_ = enum_of(in, acceptance, Acceptance::kAllOrNone, 0); break;
      case varint(4): mode = true; mode_ = enum_of(in, mode, ResponseMode::kFull, 0); break;
      default: in.skip();
    }
  });
  if (acceptance_ == Acceptance{}) acceptance_ = Acceptance::kEach;
  if (mode_ == ResponseMode{}) mode_ = ResponseMode::kFull;
  if (!acceptance) fault_ = BatchFault::kAcceptance;
  if (!mode) fault_ = BatchFault::kResponseMode;
}

void Batch::read_item(std::string_view item, Item& out) const {
  out.request = item;
  const bool readable = is_readable([&] {
    std::string_view request;
    out.kind = only_field(item, ItemKind::kGroup, request);
    if (out.kind != ItemKind::kNone) out.request = request;
  });
  if (!readable || out.kind == ItemKind::kNone) out.reason = Reason::kInvalidField;
}

void Batch::count(ItemKind kind, std::size_t orders) noexcept {
  if (kind == ItemKind::kCancel || kind == ItemKind::kMassCancel) {
    ++cancel_count_;
  } else {
    order_count_ += orders;
  }
}

void Batch::translate_each(const Setting& setting) {
  for (Item& item : items_) {
    count(item.kind);
    if (item.reason != Reason::kNone) continue;
    std::string_view unknown;
    if (!is_readable([&] { item.reason = translate_item(item, setting, unknown); })) {
      item.reason = Reason::kInvalidField;
    }
    if (item.reason == Reason::kNone) ++command_count_;
    note_unknown(unknown);
  }
}

Reason Batch::translate_item(Item& item, const Setting& setting, std::string_view& unknown) {
  switch (item.kind) {
    case ItemKind::kPlace: {
      NewOrder order;
      const Reason reason = translate(item.request, setting, order, unknown);
      if (reason == Reason::kNone) write_place(order, setting, commands_);
      item.instrument = order.instrument;
      return reason;
    }
    case ItemKind::kGroup: {
      NewGroup group;
      const Reason reason = translate(item.request, setting, group, unknown);
      if (reason == Reason::kNone) write_group(group, setting, commands_);
      if (group.count > 1) count(item.kind, group.count - 1);
      item.instrument = group.orders[0].instrument;
      return reason;
    }
    case ItemKind::kAmend: return write_amend(item.request, setting, commands_, item.instrument, unknown);
    case ItemKind::kCancel: return write_cancel(item.request, setting, commands_);
    case ItemKind::kMassCancel: return write_mass_cancel(item.request, setting, commands_, unknown);
    case ItemKind::kNone: break;
  }
  return Reason::kInvalidField;
}

// All come to one command, or none does.
void Batch::translate_together(const Setting& setting) {
  if (items_.size() > kMaxTogether) fault_ = BatchFault::kTogetherCount;
  const auto single = [](const Item& item) { return item.kind == ItemKind::kPlace || item.kind == ItemKind::kNone; };
  if (!std::ranges::all_of(items_, single)) fault_ = BatchFault::kTogetherKind;
  if (fault_ != BatchFault::kNone) return items_.clear();
  std::vector<NewOrder> orders(items_.size());
  bool all = true;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    count(item.kind);
    std::string_view unknown;
    const auto read_order = [&] { item.reason = translate(item.request, setting, orders[i], unknown); };
    if (item.reason == Reason::kNone && !is_readable(read_order)) item.reason = Reason::kInvalidField;
    item.instrument = orders[i].instrument;
    all = all && item.reason == Reason::kNone;
    note_unknown(unknown);
  }
  if (all) {
    write_together(orders, setting, commands_);
    command_count_ = 1;
    return;
  }
  for (Item& item : items_) {
    if (item.reason == Reason::kNone) item.reason = Reason::kBatchRefused;
  }
}

void Batch::note_unknown(std::string_view symbol) {
  if (!symbol.empty()) unknown_.push_back(symbol);
}

bool Batch::answer(std::string_view results, const Turn& turn) {
  turn_ = turn;
  has_turn_ = true;
  std::vector<std::string_view> found;
  found.reserve(command_count_);
  const bool readable = is_readable([&] {
    read_fields(results, [&](Reader& in) {
      if (in.tag_and_type() == bytes(1)) return found.push_back(view_of(in));
      in.skip();
    });
  });
  if (!readable || found.size() != command_count_) return false;
  if (acceptance_ == Acceptance::kAllOrNone) return command_count_ == 0 || answer_together(found.front());
  std::size_t next = 0;
  for (Item& item : items_) {
    if (item.reason == Reason::kNone) item.result = found[next++];
  }
  return true;
}

// Each order has an `OrderResult` of its own, unless the command was refused before any order was looked at.
bool Batch::answer_together(std::string_view result) {
  together_ = result;
  std::size_t next = 0;
  const bool readable = is_readable([&] {
    read_fields(result, [&](Reader& in) {
      if (in.tag_and_type() != bytes(kOrdersOfResult)) return in.skip();
      const std::string_view order = view_of(in);
      if (next < items_.size()) items_[next].result = order;
      ++next;
    });
  });
  return readable && (next == items_.size() || next == 0);
}

Reason Batch::reason_of(const Item& item) const {
  if (item.reason != Reason::kNone) return item.reason;
  if (acceptance_ == Acceptance::kAllOrNone && !item.result.empty()) return reason_of_order(item.result);
  return reason_of_result(together_.empty() ? item.result : together_);
}

std::vector<RefusedItem> Batch::refused() const {
  std::vector<RefusedItem> refused;
  const std::uint64_t together_seq = together_.empty() ? 0 : engine_seq_of(together_);
  for (std::size_t i = 0; i < items_.size() && refused.size() < kMaxExplained; ++i) {
    const Item& item = items_[i];
    if (item.reason == Reason::kNone && mode_ != ResponseMode::kFull) continue;
    const Reason reason = reason_of(item);
    if (reason == Reason::kNone || reason == Reason::kBatchRefused) continue;
    const bool whole = item.result.empty() && item.reason == Reason::kNone;
    refused.push_back({.index = i,
                       .kind = item.kind,
                       .reason = reason,
                       .request = item.request,
                       .result = whole ? together_ : item.result,
                       .engine_seq = whole ? 0 : together_seq});
  }
  return refused;
}

void Batch::explain(std::size_t index, std::string status) {
  items_.at(index).status = &statuses_.emplace_back(std::move(status));
}

std::string_view Batch::write() {
  response_.clear();
  if (!is_readable([&] { write_response(); })) response_.clear();
  return response_.view();
}

void Batch::write_response() {
  engine::WireWriter out(response_);
  ResultWriter results(response_, instruments_, names_, mode_);
  out.message(kBatchOfResponse, [&](engine::WireWriter& batch) {
    batch.put(1, correlation_id_);
    for (const Item& item : items_) {
      batch.message(2, [&](engine::WireWriter& result) {
        if (item.reason == Reason::kNone && acceptance_ == Acceptance::kAllOrNone) {
          results.put_one_together(together_, item.result, item.instrument);
        } else if (item.reason == Reason::kNone) {
          results.put(item.result, item.instrument);
        } else {
          result.put(1, item.reason);
        }
        if (item.status != nullptr) result.put(2, *item.status);
      });
    }
  });
  if (!has_turn_) return;
  out.message(kTurnOfResponse, [&](engine::WireWriter& turn) {
    turn.put(1, gateway_time_ns_);
    turn.put(2, turn_.sequenced_time_ns);
    turn.put(3, turn_.matched_time_ns);
    turn.put(4, turn_.queue_length);
  });
}

}  // namespace exchange::codec
