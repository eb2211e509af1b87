// The Python module `services.orders._history`: the rows of the history of orders, from the engine's blocks.
//
// Reading blocks and writing rows drops the interpreter's lock. Types and meanings: `_history.pyi` beside the module.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange/history/private_events.hpp"
#include "exchange/history/rows.hpp"

namespace py = pybind11;
using exchange::history::Rows;
using exchange::history::Table;

namespace {

std::string_view view_of(const py::handle& bytes) {
  char* data = nullptr;
  py::ssize_t size = 0;
  if (PyBytes_AsStringAndSize(bytes.ptr(), &data, &size) != 0) throw py::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

py::tuple told(const Table& table) {
  return py::make_tuple(py::bytes(table.copy), table.rows, table.first_time_ns, table.last_time_ns);
}

py::tuple rows_of(const py::list& blocks, std::uint32_t shard, std::uint32_t epoch,
                  const std::vector<std::string>& reasons) {
  std::vector<std::string_view> views;
  views.reserve(blocks.size());
  for (const py::handle block : blocks) views.push_back(view_of(block));
  Rows rows;
  {
    const py::gil_scoped_release unlocked;
    rows = exchange::history::rows_of(views, shard, epoch, reasons);
  }
  py::list instruments;
  for (const std::string& instrument : rows.instruments) instruments.append(py::bytes(instrument));
  return py::make_tuple(told(rows.entered), told(rows.changed), told(rows.fills), told(rows.runs),
                        told(rows.busts), instruments);
}

// Short work on short bytes: it keeps the interpreter's lock.
py::tuple private_events_of(const py::bytes& block) {
  const auto told = exchange::history::private_events_of(view_of(block));
  py::list events(told.events.size());
  std::size_t place = 0;
  for (const auto& event : told.events) {
    events[place++] = py::make_tuple(event.account_id, event.account_seq, told.engine_seq, told.time_ns,
                                     py::bytes(event.content.data(), event.content.size()));
  }
  return py::make_tuple(events, told.lists_instruments);
}

}  // namespace

PYBIND11_MODULE(_history, module) {
  module.def("rows_of", &rows_of, py::arg("blocks"), py::arg("shard"), py::arg("epoch"), py::arg("reasons"));
  module.def("private_events_of", &private_events_of, py::arg("block"));
  module.attr("ENTERED_COLUMNS") = exchange::history::entered_columns();
  module.attr("CHANGED_COLUMNS") = exchange::history::changed_columns();
  module.attr("FILL_COLUMNS") = exchange::history::fill_columns();
  module.attr("RUN_COLUMNS") = exchange::history::run_columns();
  module.attr("BUST_COLUMNS") = exchange::history::bust_columns();
  module.attr("EVENTS_A_RUN") = exchange::history::kEventsARun;
}
