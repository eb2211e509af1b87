// What both halves say of an order that shows a slice at a time has to be the same.
#include "shard.hpp"

namespace exchange::engine {

bool Core::Shard::slices_consistent() const {
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) {
    const Book& book = books_.book(instrument);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      for (Slot level = book.best(side); level != kNil; level = book.level(level).worse) {
        for (Slot at = book.level(level).first; at != kNil; at = book.order(at).next) {
          const OrderRecord& order = accounts_.orders()[books_.owner_of(book.order(at))];
          const SpecialView* const special = accounts_.orders().special_view(order);
          const bool sliced = special != nullptr && special->display_quantity > 0;
          if (sliced != Reserves::has(book.order(at))) return false;
          if (books_.leaves_of(book.order(at)) != order.view.leaves_quantity) return false;
          if (sliced && special->displayed_quantity != book.order(at).leaves) return false;
        }
      }
    }
  }
  return books_.reserves_consistent();
}

}  // namespace exchange::engine
