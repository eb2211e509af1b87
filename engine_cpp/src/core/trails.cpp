#include "trails.hpp"

#include <algorithm>

#include "money.hpp"

namespace exchange::engine {
namespace {

constexpr Int128 kBps = 10'000;

Int128 exact_trigger(bool rises, std::int64_t watermark, const TrailingOffset& offset, std::int64_t tick) noexcept {
  const Int128 unit = offset.bps != 0 ? Int128{tick} * kBps : Int128{tick};
  const Int128 distance = offset.bps != 0 ? Int128{watermark} * offset.bps : Int128{offset.ticks} * tick;
  const Int128 from = offset.bps != 0 ? Int128{watermark} * kBps : Int128{watermark};
  if (rises) return (from + distance + unit - 1) / unit * tick;
  return from <= distance ? 0 : (from - distance) / unit * tick;
}

}  // namespace

std::optional<std::int64_t> trailing_trigger(bool rises, std::int64_t watermark, const TrailingOffset& offset,
                                             std::int64_t tick) noexcept {
  if (offset.ticks < 0 || watermark <= 0) return {};
  const Int128 trigger = exact_trigger(rises, watermark, offset, tick);
  if (trigger <= 0 || trigger > kMaxPrice) return {};
  return static_cast<std::int64_t>(trigger);
}

Trails::Trails(const Limits& limits) : nodes_(limits.special_orders) {
  const std::size_t markets = limits.instruments * kMarketsPerInstrument;
  markets_.reserve(markets);
  moved_.reserve(markets);
  untold_.reserve(markets);
}

void Trails::insert(std::size_t market, Slot slot, std::uint64_t turn, std::int64_t watermark,
                    const TrailingOffset& offset, std::int64_t tick) noexcept {
  Market& m = markets_[market];
  m.tick = tick;
  if (const auto next = watermark_from(market, turn); next && is_better(market, *next, watermark)) {
    watermark = *next;
  }
  nodes_[slot] = {.turn = turn, .watermark = watermark, .ticks = offset.ticks, .bps = offset.bps};
  sum_up(market, slot);
  Slot low = kNil;
  Slot high = kNil;
  split(market, m.root, turn, low, high);
  m.root = merge(market, merge(market, low, slot), high);
}

void Trails::erase(std::size_t market, Slot slot) noexcept {
  markets_[market].root = erase(market, markets_[market].root, nodes_[slot].turn);
}

Slot Trails::erase(std::size_t market, Slot at, std::uint64_t turn) noexcept {
  assert(at != kNil);
  pass_down(market, at);
  Node& node = nodes_[at];
  if (node.turn == turn) return merge(market, node.low, node.high);
  Slot& way = turn < node.turn ? node.low : node.high;
  way = erase(market, way, turn);
  sum_up(market, at);
  return at;
}

// The orders of `low` are all before those of `high`.
Slot Trails::merge(std::size_t market, Slot low, Slot high) noexcept {
  if (low == kNil || high == kNil) return low == kNil ? high : low;
  const bool low_is_root = mix(nodes_[low].turn) > mix(nodes_[high].turn);
  const Slot root = low_is_root ? low : high;
  pass_down(market, root);
  if (low_is_root) {
    nodes_[root].high = merge(market, nodes_[root].high, high);
  } else {
    nodes_[root].low = merge(market, low, nodes_[root].low);
  }
  sum_up(market, root);
  return root;
}

// Those before `turn`, and the others.
void Trails::split(std::size_t market, Slot at, std::uint64_t turn, Slot& low, Slot& high) noexcept {
  if (at == kNil) {
    low = high = kNil;
    return;
  }
  pass_down(market, at);
  Node& node = nodes_[at];
  if (node.turn < turn) {
    split(market, node.high, turn, node.high, high);
    low = at;
  } else {
    split(market, node.low, turn, low, node.low);
    high = at;
  }
  sum_up(market, at);
}

std::int64_t Trails::nearer(std::size_t market, std::int64_t one, std::int64_t other) noexcept {
  return rises(market) ? std::min(one, other) : std::max(one, other);
}

// Of the least offsets of either kind. What was a price at a worse watermark is one at a better.
std::int64_t Trails::nearest_at(std::size_t market, std::int64_t watermark, std::int64_t ticks,
                                std::uint32_t bps) const noexcept {
  const auto at = [&](const TrailingOffset& offset) {
    return static_cast<std::int64_t>(exact_trigger(rises(market), watermark, offset, markets_[market].tick));
  };
  if (ticks == 0) return at({.bps = bps});
  if (bps == 0) return at({.ticks = ticks});
  return nearer(market, at({.ticks = ticks}), at({.bps = bps}));
}

void Trails::move(std::size_t market, Slot slot, std::int64_t watermark) noexcept {
  Node& node = nodes_[slot];
  node.watermark = watermark;
  node.moved = watermark;
  node.nearest = nearest_at(market, watermark, node.least_ticks, node.least_bps);
}

void Trails::pass_down(std::size_t market, Slot slot) noexcept {
  Node& node = nodes_[slot];
  if (node.moved == 0) return;
  if (node.low != kNil) move(market, node.low, node.moved);
  if (node.high != kNil) move(market, node.high, node.moved);
  node.moved = 0;
}

void Trails::sum_up(std::size_t market, Slot slot) noexcept {
  Node& node = nodes_[slot];
  assert(node.moved == 0);
  const auto least = [](auto one, auto other) { return one == 0 ? other : other == 0 ? one : std::min(one, other); };
  node.least_ticks = node.ticks;
  node.least_bps = node.bps;
  node.nearest = nearest_at(market, node.watermark, node.ticks, node.bps);
  for (const Slot below : {node.low, node.high}) {
    if (below == kNil) continue;
    node.least_ticks = least(node.least_ticks, nodes_[below].least_ticks);
    node.least_bps = least(node.least_bps, nodes_[below].least_bps);
    node.nearest = nearer(market, node.nearest, nodes_[below].nearest);
  }
}

void Trails::improve(std::size_t market, std::int64_t price) noexcept { improve(market, markets_[market].root, price); }

// Those that it is better for are the last in order of entry.
void Trails::improve(std::size_t market, Slot slot, std::int64_t price) noexcept {
  if (slot == kNil) return;
  pass_down(market, slot);
  Node& node = nodes_[slot];
  if (is_better(market, price, node.watermark)) {
    node.watermark = price;
    if (node.high != kNil) move(market, node.high, price);
    note_move(markets_[market], node.turn);
    improve(market, node.low, price);
  } else {
    improve(market, node.high, price);
  }
  sum_up(market, slot);
}

Slot Trails::find_fired(std::size_t market, std::int64_t price) const noexcept {
  std::int64_t moved = 0;  // by a node above
  const auto is_fired = [&](Slot slot) {
    if (slot == kNil) return false;
    const Node& node = nodes_[slot];
    const std::int64_t nearest =
        moved == 0 ? node.nearest : nearest_at(market, moved, node.least_ticks, node.least_bps);
    return is_reached(market, nearest, price);
  };
  Slot at = markets_[market].root;
  if (!is_fired(at)) return kNil;
  for (;;) {
    const Node& node = nodes_[at];
    if (moved == 0) moved = node.moved;
    if (is_fired(node.low)) {
      at = node.low;
    } else if (is_reached(market, nearest_at(market, moved == 0 ? node.watermark : moved, node.ticks, node.bps), price)) {
      return at;
    } else {
      at = node.high;
    }
  }
}

std::int64_t Trails::watermark(std::size_t market, Slot slot) const noexcept {
  const auto found = watermark_from(market, nodes_[slot].turn);
  assert(found);
  return *found;
}

// Of the first order from this number on.
std::optional<std::int64_t> Trails::watermark_from(std::size_t market, std::uint64_t turn) const noexcept {
  std::optional<std::int64_t> found;
  std::int64_t moved = 0;
  for (Slot at = markets_[market].root; at != kNil;) {
    const Node& node = nodes_[at];
    if (node.turn >= turn) found = moved == 0 ? node.watermark : moved;
    if (moved == 0) moved = node.moved;
    at = node.turn >= turn ? node.low : node.high;
  }
  return found;
}

Slot Trails::first_from(std::size_t market, std::uint64_t turn) const noexcept {
  Slot found = kNil;
  for (Slot at = markets_[market].root; at != kNil;) {
    const bool is_from = nodes_[at].turn >= turn;
    if (is_from) found = at;
    at = is_from ? nodes_[at].low : nodes_[at].high;
  }
  return found;
}

bool Trails::fits_last(std::size_t market, std::int64_t watermark) const noexcept {
  std::int64_t moved = 0;
  std::int64_t last = 0;
  for (Slot at = markets_[market].root; at != kNil; at = nodes_[at].high) {
    last = moved == 0 ? nodes_[at].watermark : moved;
    if (moved == 0) moved = nodes_[at].moved;
  }
  return last == 0 || !is_better(market, watermark, last);
}

// What is passed over already is told once more; what lies ahead will be told anyway.
void Trails::note_move(Market& market, std::uint64_t first_id) noexcept {
  if (!market.is_untold && !market.has_moved) {
    market.has_moved = true;
    moved_.push_back(static_cast<std::uint32_t>(&market - markets_.data()));
    market.next_id = first_id;
  } else if (!market.is_untold) {
    market.next_id = std::min(market.next_id, first_id);
  } else if (first_id < market.next_id) {
    market.again_id = market.again_id == 0 ? first_id : std::min(market.again_id, first_id);
  }
}

void Trails::queue_moved() noexcept {
  std::ranges::sort(moved_);
  for (const std::uint32_t market : moved_) {
    markets_[market].has_moved = false;
    markets_[market].is_untold = true;
    untold_.push_back(market);
  }
  moved_.clear();
}

Slot Trails::next_untold() noexcept {
  while (!untold_.empty()) {
    Market& market = markets_[untold_.front()];
    const Slot slot = first_from(untold_.front(), market.next_id);
    if (slot != kNil) {
      market.next_id = nodes_[slot].turn + 1;
      return slot;
    }
    if (market.again_id == 0) {
      market.is_untold = false;
      untold_.erase(untold_.begin());
    } else {
      market.next_id = std::exchange(market.again_id, 0);
    }
  }
  return kNil;
}

bool Trails::restore(const Untold& untold) noexcept {
  if (untold.market >= markets_.size() || markets_[untold.market].is_untold) return false;
  if (untold.next_id == 0 || untold.again_id >= untold.next_id) return false;
  Market& market = markets_[untold.market];
  market.next_id = untold.next_id;
  market.again_id = untold.again_id;
  market.is_untold = true;
  untold_.push_back(untold.market);
  return true;
}

bool Trails::consistent() const noexcept {
  for (std::size_t market = 0; market < markets_.size(); ++market) {
    std::uint64_t before_id = 0;
    std::int64_t before = 0;
    for (Slot at = first_from(market, 0); at != kNil; at = first_from(market, before_id + 1)) {
      const std::int64_t here = watermark(market, at);
      if (before != 0 && is_better(market, here, before)) return false;
      before = here;
      before_id = nodes_[at].turn;
    }
    if (markets_[market].has_moved) return false;
  }
  return true;
}

}  // namespace exchange::engine
