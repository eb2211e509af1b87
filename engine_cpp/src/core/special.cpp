#include "special.hpp"

namespace exchange::engine {
namespace {

// Every field, in the order in which it is saved: the same for a writer and a reader.
template <class View, class Visit>
void for_each_field(View& v, Visit visit) {
  visit(v.trigger_price, v.trailing_ticks, v.watermark_price, v.triggered_time_ns, v.display_quantity,
        v.displayed_quantity, v.slice_id, v.min_quantity, v.expire_time_ns, v.peg_offset_ticks, v.working_price,
        v.link_id, v.parent_order_id, v.trailing_bps, v.tag, v.trigger_reference, v.peg_reference, v.link_type,
        v.has_trigger_price, v.has_watermark, v.has_working_price, v.post_only_reprice, v.reduce_only,
        v.survive_disconnect);
}

bool has_known_terms(const SpecialView& v) noexcept {
  return is_between(v.trigger_reference, TriggerReference::kDefault, TriggerReference::kBidAsk) &&
         is_between(v.peg_reference, PegReference::kNone, PegReference::kMid) &&
         is_between(v.link_type, LinkType::kNone, LinkType::kBracket) && (v.reduce_only || !v.survive_disconnect);
}

}  // namespace

SpecialView view_of(const SpecialTerms& terms) noexcept {
  return {.trigger_price = terms.trigger_price,
          .trailing_ticks = terms.trailing_ticks,
          .display_quantity = terms.display_quantity,
          .min_quantity = terms.min_quantity,
          .expire_time_ns = terms.expire_time_ns,
          .peg_offset_ticks = terms.peg_offset_ticks,
          .trailing_bps = terms.trailing_bps,
          .tag = terms.tag,
          .trigger_reference = terms.trigger_reference,
          .peg_reference = terms.peg_reference,
          .has_trigger_price = terms.has_trigger_price,
          .post_only_reprice = terms.post_only_reprice,
          .reduce_only = terms.reduce_only,
          .survive_disconnect = terms.survive_disconnect};
}

Slot Specials::enter(const SpecialTerms& terms) noexcept {
  const Slot slot = records_.take();
  records_[slot] = {.view = view_of(terms)};
  return slot;
}

void Specials::save(StateWriter& out, Slot slot) const {
  out.put(slot != kNil);
  if (slot == kNil) return;
  const SpecialRecord& record = records_[slot];
  for_each_field(record.view, [&](const auto&... fields) { out.put(fields...); });
  out.put(record.passed, record.promised, record.trail_turn, record.leads, record.is_fed, record.awaits);
}

Slot Specials::load(StateReader& in) noexcept {
  bool present = false;
  in.get(present);
  in.require(!present || has_room());
  if (!in.ok() || !present) return kNil;
  SpecialRecord record;
  for_each_field(record.view, [&](auto&... fields) { in.get(fields...); });
  in.get(record.passed, record.promised, record.trail_turn, record.leads, record.is_fed, record.awaits);
  in.require(has_known_terms(record.view));
  if (!in.ok()) return kNil;
  const Slot slot = records_.take();
  records_[slot] = record;
  return slot;
}

}  // namespace exchange::engine
