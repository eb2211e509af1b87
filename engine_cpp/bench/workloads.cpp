#include "workloads.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "shadow_book.hpp"

namespace exchange::engine::bench {
namespace {

using replay::Op;
using replay::Recording;
using replay::Step;

constexpr std::int32_t kMiddle = 1'000'000;
constexpr std::size_t kNewest = 4'096;
constexpr std::uint32_t kFewestStepsPerTick = 200;  // of the random walk

// Draws that are the same with every library.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::uint32_t below(std::uint64_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  [[nodiscard]] double share() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }

 private:
  std::mt19937_64 random_;
};

// Writes steps, and keeps the books that they make.
class Script {
 public:
  Script(std::string name, std::uint32_t symbols, std::uint64_t steps, std::uint64_t seed)
      : dice(seed), book(symbols, steps), middle_(symbols, kMiddle) {
    out.name = std::move(name);
    out.symbols = symbols;
    out.steps.reserve(steps);
  }

  [[nodiscard]] std::int32_t middle(std::uint32_t symbol) const { return middle_[symbol]; }
  void walk(std::uint32_t symbol) { middle_[symbol] += static_cast<std::int32_t>(dice.below(3)) - 1; }

  void add(Op op, std::uint32_t symbol, bool sells, std::int32_t price, std::uint32_t quantity, std::uint32_t account) {
    const std::uint32_t id = ++out.max_id;
    out.steps.push_back(step(op, {id, symbol, account, price, quantity, sells, 0}, 0));
    book.enter({id, symbol, account, price, quantity, sells, 0}, op == Op::kLimit);
    if (book.is_open(id)) newest_.push_back(id);
    if (newest_.size() > kNewest) newest_.pop_front();
  }

  void cancel(std::uint32_t id) {
    out.steps.push_back(step(Op::kCancel, book.order(id), 0));
    book.remove(id);
  }

  void move(std::uint32_t id, std::int32_t price, std::uint32_t quantity, Op op) {
    OpenOrder order = book.order(id);
    book.remove(id);
    const auto old_price = static_cast<std::uint32_t>(order.price);
    order.price = price;
    if (op == Op::kReplace) order.quantity = quantity;
    out.steps.push_back(step(op, order, old_price));
    book.enter(order, true);
  }

  // Any open order of the symbol, or one of the newest; 0 if there is none.
  [[nodiscard]] std::uint32_t any(std::uint32_t symbol) {
    const auto& open = book.open(symbol);
    return open.empty() ? 0 : open[dice.below(open.size())];
  }
  [[nodiscard]] std::uint32_t any_newest() {
    for (int tries = 0; tries < 8 && !newest_.empty(); ++tries) {
      const std::uint32_t id = newest_[dice.below(newest_.size())];
      if (book.is_open(id)) return id;
    }
    return 0;
  }

  Dice dice;
  ShadowBook book;
  Recording out;

 private:
  static Step step(Op op, const OpenOrder& order, std::uint32_t old_price) {
    return {op,          static_cast<std::uint8_t>(order.sells ? 1 : 0), static_cast<std::uint16_t>(order.symbol),
            order.id,    order.price,
            order.quantity, order.account,
            old_price};
  }

  std::vector<std::int32_t> middle_;
  std::deque<std::uint32_t> newest_;
};

// How far from the middle a price of W1 lies: mostly near, seldom beyond it.
std::int32_t near_price(Script& script, std::uint32_t symbol, bool sells, std::int32_t reach) {
  const double distance = -25.0 * std::log(1.0 - script.dice.share());
  const auto ticks = static_cast<std::int32_t>(distance) * reach;
  return script.middle(symbol) + (sells ? 1 + ticks : -1 - ticks);
}

std::uint32_t small_quantity(Script& script) { return 1 + script.dice.below(100); }

void new_order(Script& script, std::uint32_t symbol, std::uint32_t accounts, std::int32_t reach) {
  const bool sells = script.dice.below(2) == 0;
  const std::int32_t price = near_price(script, symbol, sells, reach);
  const std::uint32_t quantity = small_quantity(script);
  script.add(Op::kLimit, symbol, sells, price, quantity, script.dice.below(accounts));
}

// A walk is slow where many orders wait at a price: it would eat the book that is to be measured.
std::uint32_t steps_per_tick(std::size_t wanted) {
  return std::max(kFewestStepsPerTick, static_cast<std::uint32_t>(wanted / 5));
}

// One step of the mix of W1; more are cancelled while there are too many.
void moving_step(Script& script, std::uint32_t symbol, const Market& market, std::size_t wanted) {
  const std::uint32_t dice = script.dice.below(100);
  const std::uint32_t id = script.any(symbol);
  if (script.dice.below(steps_per_tick(wanted)) == 0) script.walk(symbol);
  if (id == 0 || dice < 9) return new_order(script, symbol, market.accounts, market.reach);
  if (dice < 12) {
    const bool sells = script.dice.below(2) == 0;
    const std::int32_t price = script.middle(symbol) + (sells ? -10 : 10) * market.reach;
    return script.add(Op::kIoc, symbol, sells, price, small_quantity(script), script.dice.below(market.accounts));
  }
  const bool sells = script.book.order(id).sells;
  if (dice < 18) {
    if (script.book.open(symbol).size() >= wanted) return script.cancel(id);
    return new_order(script, symbol, market.accounts, market.reach);
  }
  script.move(id, near_price(script, symbol, sells, market.reach), 0, Op::kMove);
}

// Symbol by Zipf's law with s = 1.
class Zipf {
 public:
  explicit Zipf(std::uint32_t symbols) {
    double sum = 0;
    for (std::uint32_t rank = 1; rank <= symbols; ++rank) sums_.push_back(sum += 1.0 / rank);
  }

  [[nodiscard]] std::uint32_t draw(Dice& dice) const {
    const auto at = std::ranges::upper_bound(sums_, dice.share() * sums_.back());
    return static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(at - sums_.begin(), std::ssize(sums_) - 1));
  }

 private:
  std::vector<double> sums_;
};

// Distance of a price of W2 from the middle.
std::int32_t far_price(Script& script, bool sells, std::int32_t bound) {
  const double distance = 6.0 * (std::pow(1.0 - script.dice.share(), -1.0 / 0.9) - 1.0);
  const auto ticks = static_cast<std::int32_t>(std::min<double>(distance, bound));
  return script.middle(0) + (sells ? 1 + ticks : -1 - ticks);
}

constexpr std::int32_t kFarthest = 1'400;
constexpr std::uint32_t kAccounts = 64;
constexpr std::uint32_t kDeepOrders = 100'000;
constexpr std::uint32_t kMostDeepOrders = 102'000;
constexpr std::uint32_t kDeepStepsPerTick = 20'000;  // thousands of orders wait at the best prices

void deep_order(Script& script) {
  const bool sells = script.dice.below(2) == 0;
  const std::int32_t price = far_price(script, sells, kFarthest);
  const std::uint32_t quantity = small_quantity(script);
  script.add(Op::kLimit, 0, sells, price, quantity, script.dice.below(kAccounts));
}

void deep_step(Script& script) {
  const std::uint32_t dice = script.dice.below(1'000);
  if (script.dice.below(kDeepStepsPerTick) == 0) script.walk(0);
  if (dice < 486 && script.book.open(0).size() < kMostDeepOrders) return deep_order(script);
  if (dice >= 486 && dice < 530) {
    const bool sells = script.dice.below(2) == 0;
    const std::int32_t price = script.middle(0) + (sells ? -3 : 3);
    return script.add(Op::kIoc, 0, sells, price, 1 + script.dice.below(5), script.dice.below(kAccounts));
  }
  std::uint32_t id = script.dice.below(10) < 7 ? script.any_newest() : script.any(0);
  if (id == 0) id = script.any(0);
  if (dice < 950) return script.book.open(0).size() < kDeepOrders ? deep_order(script) : script.cancel(id);
  script.move(id, far_price(script, script.book.order(id).sells, kFarthest), small_quantity(script), Op::kReplace);
}

}  // namespace

Recording moving_market(const Market& market) {
  const std::uint64_t steps = market.resting + market.commands;
  Script script("moving", market.symbols, steps, 1);
  const Zipf zipf(market.symbols);
  std::vector<std::size_t> wanted(market.symbols, 0);
  for (std::uint32_t i = 0; i < market.resting; ++i) {
    const std::uint32_t symbol = market.symbols == 1 ? 0 : i < market.symbols ? i : zipf.draw(script.dice);
    ++wanted[symbol];
    new_order(script, symbol, market.accounts, market.reach);
  }
  script.out.prefill = script.out.steps.size();
  for (std::uint64_t i = 0; i < market.commands; ++i) {
    const std::uint32_t symbol = market.symbols == 1 ? 0 : zipf.draw(script.dice);
    moving_step(script, symbol, market, wanted[symbol]);
  }
  return std::move(script.out);
}

Recording w1(std::uint64_t commands) {
  Recording out = moving_market({.commands = commands});
  out.name = "W1";
  return out;
}

Recording w3(std::uint64_t commands) {
  Recording out = moving_market({.symbols = 1'000, .resting = 153'000, .commands = commands});
  out.name = "W3";
  return out;
}

Recording w2(std::uint64_t commands) {
  Script script("W2", 1, kDeepOrders + commands, 2);
  for (std::uint32_t i = 0; i < kDeepOrders; ++i) deep_order(script);
  script.out.prefill = script.out.steps.size();
  for (std::uint64_t i = 0; i < commands; ++i) deep_step(script);
  return std::move(script.out);
}

}  // namespace exchange::engine::bench
