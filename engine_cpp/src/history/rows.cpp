#include "exchange/history/rows.hpp"

#include <stdexcept>
#include <unordered_map>

#include "columns.hpp"
#include "copy_rows.hpp"
#include "events.hpp"

namespace exchange::history {
namespace {

// What an order is known by, and what its fills repeat of it.
struct Known {
  std::uint64_t order_id = 0;
  std::uint64_t account_id = 0;
  std::uint64_t instrument_id = 0;
  std::uint64_t side = 0;
  std::uint64_t version = 0;
  std::uint64_t accepted_time_ns = 0;
};

Known known_of(std::string_view order) {
  Known known;
  for (auto reader = reader_of(order); reader.next();) {
    switch (reader.tag_and_type()) {
      case integer(1): known.order_id = reader.get_uint64(); break;
      case integer(2): known.account_id = reader.get_uint64(); break;
      case integer(4): known.instrument_id = reader.get_uint64(); break;
      case integer(5): known.side = reader.get_uint64(); break;
      case integer(21): known.version = reader.get_uint64(); break;
      case integer(kAcceptedTime): known.accepted_time_ns = reader.get_uint64(); break;
      default: reader.skip();
    }
  }
  return known;
}

struct LastUpdate {
  std::string_view order;
  bool entered = false;
};

struct Private {
  std::uint64_t account_seq = 0;
  Place place;
  std::string_view content;
};

class Gathering {
 public:
  Gathering(std::uint32_t shard, std::uint32_t epoch, std::span<const std::string> reasons)
      : shard_(shard), epoch_(epoch), reasons_(reasons) {}

  void add(std::string_view block);
  [[nodiscard]] Rows finish();

 private:
  void add_order(std::string_view update, const Place& place, std::uint64_t index);
  void add_fill(const Known& order, std::string_view fill, const Place& place, std::uint64_t index);
  void add_bust(std::string_view bust, const Place& place, std::uint64_t index);
  void write_identity(CopyRows& rows, const Place& place, std::uint64_t index) const;
  void add_private(std::uint64_t account, const Private& event);
  void write_order(const LastUpdate& update);
  void write_column(CopyRows& rows, const Column& column, const Fields& order) const;
  void write_run(std::uint64_t account, std::span<const Private> events);
  [[nodiscard]] std::string_view reason(std::uint64_t number) const;

  std::uint32_t shard_;
  std::uint32_t epoch_;
  std::span<const std::string> reasons_;
  std::unordered_map<std::uint64_t, std::size_t> place_of_order_;
  std::vector<LastUpdate> orders_;
  std::unordered_map<std::uint64_t, std::size_t> place_of_account_;
  std::vector<std::pair<std::uint64_t, std::vector<Private>>> accounts_;
  std::vector<std::string> instruments_;
  std::string run_;
  CopyRows entered_;
  CopyRows changed_;
  CopyRows fills_;
  CopyRows runs_;
  CopyRows busts_;
};

void Gathering::add(std::string_view block) {
  each_event(block, [this](std::uint32_t kind, std::string_view body, std::string_view event, const Place& place,
                           std::uint64_t index) {
    if (kind == kOrderUpdated) add_order(body, place, index);
    if (kind == kTradeBusted) add_bust(body, place, index);
    if (kind == kInstrumentUpdated) {
      for (auto update = reader_of(body); update.next(1);) instruments_.push_back(update.get_string());
    }
    each_owner(kind, body, [&](std::uint64_t account, std::uint64_t seq) {
      add_private(account, {seq, place, event});
    });
  });
}

void Gathering::add_order(std::string_view update, const Place& place, std::uint64_t index) {
  const Fields told = fields_of(update);
  const std::string_view order = told.texts[2];
  const Known known = known_of(order);
  const auto [known_at, is_new] = place_of_order_.try_emplace(known.order_id, orders_.size());
  if (is_new) orders_.push_back({.order = order, .entered = known.version == 1});
  orders_[known_at->second].order = order;
  if (told.present.test(3)) add_fill(known, told.texts[3], place, index);
}

void Gathering::add_fill(const Known& order, std::string_view fill, const Place& place, std::uint64_t index) {
  const Fields told = fields_of(fill);
  fills_.row(16, static_cast<std::int64_t>(place.time_ns));
  fills_.integer(order.order_id, 8);
  fills_.integer(told.values[1], 8);
  fills_.integer(static_cast<std::uint64_t>(protozero::decode_zigzag64(told.values[2])), 8);
  for (const std::size_t field : {3U, 4U, 5U}) fills_.integer(told.values[field], 8);
  fills_.integer(told.values[6], 2);
  write_identity(fills_, place, index);
  fills_.integer(order.account_id, 8);
  fills_.integer(order.instrument_id, 8);
  fills_.integer(order.side, 2);
  fills_.integer(order.accepted_time_ns, 8);
}

void Gathering::add_bust(std::string_view bust, const Place& place, std::uint64_t index) {
  busts_.row(6, static_cast<std::int64_t>(place.time_ns));
  busts_.integer(integer_of(bust, 1), 8);
  write_identity(busts_, place, index);
}

void Gathering::write_identity(CopyRows& rows, const Place& place, std::uint64_t index) const {
  rows.integer(place.time_ns, 8);
  rows.integer(shard_, 4);
  rows.integer(epoch_, 8);
  rows.integer(place.engine_seq, 8);
  rows.integer(index, 8);
}

void Gathering::add_private(std::uint64_t account, const Private& event) {
  const auto [known, is_new] = place_of_account_.try_emplace(account, accounts_.size());
  if (is_new) accounts_.push_back({account, {}});
  accounts_[known->second].second.push_back(event);
}

Rows Gathering::finish() {
  for (const LastUpdate& update : orders_) write_order(update);
  for (const auto& [account, events] : accounts_) {
    const std::span all(events);
    for (std::size_t start = 0; start < all.size(); start += kEventsARun) {
      write_run(account, all.subspan(start, std::min(kEventsARun, all.size() - start)));
    }
  }
  return {std::move(entered_).finish(), std::move(changed_).finish(), std::move(fills_).finish(),
          std::move(runs_).finish(),    std::move(busts_).finish(),   std::move(instruments_)};
}

bool is_told(const Column& column, bool entered) { return entered || column.changes || column.identifies; }

std::size_t columns_told(bool entered) {
  std::size_t count = 0;
  for (const Column& column : kOrderColumns) count += is_told(column, entered);
  return count;
}

void Gathering::write_order(const LastUpdate& update) {
  const Fields order = fields_of(update.order);
  CopyRows& rows = update.entered ? entered_ : changed_;
  rows.row(columns_told(update.entered), static_cast<std::int64_t>(order.values[kAcceptedTime]));
  for (const Column& column : kOrderColumns) {
    if (is_told(column, update.entered)) write_column(rows, column, order);
  }
}

void Gathering::write_column(CopyRows& rows, const Column& column, const Fields& order) const {
  const bool present = order.present.test(column.field);
  const std::uint64_t value = order.values[column.field];
  switch (column.kind) {
    case Kind::kText: return rows.bytes(order.texts[column.field]);
    case Kind::kReason: return rows.bytes(reason(value));
    case Kind::kZigzag:
      if (column.nullable && !present) return rows.null();
      return rows.integer(static_cast<std::uint64_t>(protozero::decode_zigzag64(value)), column.width);
    case Kind::kInteger: return rows.integer(present ? value : column.absent, column.width);
  }
}

std::string_view Gathering::reason(std::uint64_t number) const {
  return reasons_[std::min<std::size_t>(number, reasons_.size() - 1)];
}

void append_little(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void Gathering::write_run(std::uint64_t account, std::span<const Private> events) {
  run_.clear();
  for (const Private& event : events) {
    append_little(run_, event.account_seq, 8);
    append_little(run_, event.place.engine_seq, 8);
    append_little(run_, event.place.time_ns, 8);
    append_little(run_, event.content.size(), 4);
    run_.append(event.content);
  }
  const Private& last = events.back();
  runs_.row(5, static_cast<std::int64_t>(last.place.time_ns));
  runs_.integer(account, 8);
  runs_.integer(events.front().account_seq, 8);
  runs_.integer(last.account_seq, 8);
  runs_.integer(last.place.time_ns, 8);
  runs_.bytes(run_);
}

std::vector<std::string> order_columns(bool entered) {
  std::vector<std::string> names;
  for (const Column& column : kOrderColumns) {
    if (is_told(column, entered)) names.emplace_back(column.name);
  }
  return names;
}

}  // namespace

Rows rows_of(std::span<const std::string_view> blocks, std::uint32_t shard, std::uint32_t epoch,
             std::span<const std::string> reasons) {
  if (reasons.empty()) throw std::invalid_argument("reasons have no names");
  Gathering gathering(shard, epoch, reasons);
  try {
    for (const std::string_view block : blocks) gathering.add(block);
    return gathering.finish();
  } catch (const protozero::exception&) {
    throw std::invalid_argument("not a block of the engine");
  }
}

std::vector<std::string> entered_columns() { return order_columns(true); }

std::vector<std::string> changed_columns() { return order_columns(false); }

std::vector<std::string> fill_columns() {
  return {"order_id",  "trade_id",       "price", "quantity", "notional",   "fee",
          "liquidity", "engine_time_ns", "shard", "epoch",    "engine_seq", "event_index",
          "account_id", "instrument_id", "side",  "order_accepted_time_ns"};
}

std::vector<std::string> run_columns() { return {"account_id", "first_seq", "last_seq", "engine_time_ns", "events"}; }

std::vector<std::string> bust_columns() {
  return {"trade_id", "engine_time_ns", "shard", "epoch", "engine_seq", "event_index"};
}

}  // namespace exchange::history
