// Orders that enter all or none: every check is made first, each order beside those before it and the book as it is;
// then they enter one after the other, and may meet each other.
#include <algorithm>

#include "checks.hpp"
#include "encode.hpp"
#include "shard.hpp"

namespace exchange::engine {

Answer Core::Shard::on(const PlaceOrders& command, Step& step) {
  return place_together(command.orders, LinkType::kNone, step);
}

Answer Core::Shard::place_together(std::span<const PlaceOrder> orders, LinkType link, Step& step) {
  const std::size_t repeated = first_repeated_id(orders);
  if (repeated == orders.size() && accounts_.are_repeated(orders, step, entrants_)) return answer_again();
  entrants_.assign(orders.size(), {});
  accounts_.find_fed(orders, link, entrants_);
  const bool refused = !check_together(orders, repeated, link, step);
  accounts_.unclaim();
  if (refused) return refuse(Reason::kBatchRefused, step);
  enter_together(orders, link, step);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    static_cast<void>(accounts_.conclude(orders[i], entrants_[i].order, step));
  }
  return refuse(Reason::kNone, step);
}

Answer Core::Shard::answer_again() const noexcept {
  const bool refused = std::ranges::any_of(entrants_, [](const Entrant& e) { return e.reason != Reason::kNone; });
  return {.engine_seq = accounts_.ids()[entrants_.front().first].engine_seq,
          .reason = refused ? Reason::kBatchRefused : Reason::kNone,
          .replayed = true};
}

// True if no order fails; otherwise the first that does has its reason, and all others that it did.
bool Core::Shard::check_together(std::span<const PlaceOrder> orders, std::size_t repeated, LinkType link,
                                 Step& step) {
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const Reason reason = check_entrant(orders[i], i == repeated, link, entrants_[i], step);
    if (reason == Reason::kNone) continue;
    for (Entrant& entrant : entrants_) entrant.reason = Reason::kBatchRefused;
    entrants_[i].reason = reason;
    return false;
  }
  return true;
}

Reason Core::Shard::check_entrant(const PlaceOrder& command, bool repeats_id, LinkType link, Entrant& entrant,
                                  Step& step) {
  Reason reason = accounts_.check_together(command, repeats_id, step, entrant.admission);
  if (reason != Reason::kNone) return reason;
  const Inquiry& inquiry = entrant.admission.inquiry;
  const std::uint32_t count = accounts_.claimed() + 1;
  const bool waits = waits_for_price(command.type);
  if (waits ? !triggers_.has_room(count) : inquiry.may_rest && !books_.has_room(count)) return Reason::kEngineFull;
  if (command.type == OrderType::kPegged) [[unlikely]] return check_pegged_entrant(command, link, entrant);
  const Quote quote = books_.inquire(inquiry);
  const WatchedPrices prices = books_.watched(inquiry.instrument);
  entrant.pricing = entrant.is_child ? accounts_.price_child(command, inquiry.instrument, prices)
                    : waits          ? accounts_.price_waiting(command, inquiry.instrument, prices)
                                     : price_of(command, instruments_[inquiry.instrument], quote);
  if (entrant.pricing.reason != Reason::kNone) return entrant.pricing.reason;
  reason = accounts_.claim(command, entrant, link);
  if (reason != Reason::kNone || waits || entrant.is_child) return reason;
  return accounts_.check_post_only(command, inquiry.instrument, quote);
}

// What all of them cost is held before the first of them trades.
void Core::Shard::enter_together(std::span<const PlaceOrder> orders, LinkType link, Step& step) {
  for (std::size_t i = 0; i < orders.size(); ++i) trail_with(orders[i], entrants_[i].admission.inquiry.instrument);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (link != LinkType::kNone && i > 0) return enter_group(orders, link, step);
    accounts_.enter_together(orders[i], entrants_[i], step);
  }
  for (Entrant& entrant : entrants_) {
    if (accounts_.has_stirred()) [[unlikely]] run_groups(steps_left_, step);
    if (entrant.place.reduces && !accounts_.clamp_in_turn(entrant.order, entrant.place)) {
      accounts_.accept(entrant.order, step);
      accounts_.settle(Release{entrant.order, OrderStatus::kCancelled, EndReason::kReducedAway}, step);
      continue;
    }
    if (waits_for_price(entrant.place.type)) {
      accounts_.begin_waiting(entrant.order, triggers_.wait(accounts_.trigger_of(entrant.order)), step);
      continue;
    }
    if (entrant.is_pegged) [[unlikely]] {
      accept_pegged(entrant.order, step);
      enter_pegged(entrant.order, step);
      continue;
    }
    accounts_.meet(entrant.place, books_.inquire(entrant.admission.inquiry));
    accounts_.settle(Accepted{entrant.order}, step);
    books_.activate(entrant.place);
    deliver_together(step);
  }
}

// As `deliver`, noting what each of the orders trades.
void Core::Shard::deliver_together(Step& step) {
  const Orders& orders = accounts_.orders();
  for (const BookMessage& message : books_.outbox().messages) {
    const Fill* const fill = std::get_if<Fill>(&message);
    const std::int64_t maker_fees = fill == nullptr ? 0 : orders[fill->maker].view.cum_fee;
    const std::int64_t taker_fees = fill == nullptr ? 0 : orders[fill->taker].view.cum_fee;
    accounts_.settle(message, step);
    if (accounts_.has_linked_fills()) [[unlikely]] act_on_links(step);
    if (accounts_.has_shrunk()) [[unlikely]] reduce_waiting(step);
    if (fill == nullptr) continue;
    note_fill(*fill, fill->maker, Liquidity::kMaker, maker_fees);
    note_fill(*fill, fill->taker, Liquidity::kTaker, taker_fees);
  }
  books_.outbox().messages.clear();
}

// Numbers of orders that entered together follow each other.
void Core::Shard::note_fill(const Fill& fill, Slot order, Liquidity liquidity, std::int64_t fees_before) {
  const Orders& orders = accounts_.orders();
  const std::uint64_t place = orders[order].view.order_id - orders[entrants_.front().order].view.order_id;
  if (place >= entrants_.size()) return;
  const std::int64_t fee = orders[order].view.cum_fee - fees_before;
  entrant_fills_.push_back({static_cast<std::uint32_t>(place),
                            {fill.trade_id, fill.price, fill.quantity, fill.notional, fee, liquidity}});
}

void Core::Shard::write_together(const Answer& answer, ResponseMode mode, ByteBuffer& result) {
  std::ranges::stable_sort(entrant_fills_, {}, &EntrantFill::entrant);
  fills_.clear();
  for (const EntrantFill& fill : entrant_fills_) fills_.push_back(fill.fill);
  auto next = entrant_fills_.begin();
  for (const Entrant& entrant : entrants_) {
    const auto begin = next;
    const auto place = static_cast<std::uint32_t>(&entrant - entrants_.data());
    while (next != entrant_fills_.end() && next->entrant == place) ++next;
    OrderResultView& view = entrant_views_.emplace_back(OrderResultView{.reason = entrant.reason});
    view.fills = std::span(fills_).subspan(static_cast<std::size_t>(begin - entrant_fills_.begin()),
                                           static_cast<std::size_t>(next - begin));
    if (entrant.order == kNil) continue;
    const OrderRecord& order = accounts_.orders()[entrant.order];
    view.order = entrant.first == kNil ? order.view : accounts_.ids().first_view(entrant.first);
    view.special = accounts_.orders().special_view(order);
  }
  const ResultView whole{.engine_seq = answer.engine_seq,
                         .reason = answer.reason,
                         .replayed = answer.replayed,
                         .fills = {},
                         .orders = entrant_views_};
  write_result(result, whole, mode);
  entrants_.clear();
  entrant_fills_.clear();
  entrant_views_.clear();
}

}  // namespace exchange::engine
