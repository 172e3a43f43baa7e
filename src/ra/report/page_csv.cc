#include "ra/report/page_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ra {
namespace {

std::optional<double> parsed(const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void note_non_finite(const CsvTable& table, const std::string& name, std::vector<std::string>& problems) {
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    const auto count = std::count_if(table.rows.begin(), table.rows.end(), [&](const auto& row) {
      const std::optional<double> value = parsed(row[column]);
      return value && !std::isfinite(*value);
    });
    if (count > 0) {
      problems.push_back(fmt::format("{}: {} of {} values of '{}' are not finite; they are shown as unknown", name,
                                     count, table.rows.size(), table.columns[column]));
    }
  }
}

}  // namespace

std::vector<std::vector<std::string>> csv_records(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record;
  std::string field;
  bool quoted = false, any = false;
  const auto end_field = [&] {
    record.push_back(std::move(field));
    field.clear();
  };
  for (std::size_t k = 0; k < text.size(); ++k) {
    const char c = text[k];
    any = true;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (k + 1 < text.size() && text[k + 1] == '"') {
        field += text[++k];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      end_field();
    } else if (c == '\n') {
      end_field();
      records.push_back(std::move(record));
      record.clear();
      any = false;
    } else if (c != '\r') {
      field += c;
    }
  }
  if (any) {
    end_field();
    records.push_back(std::move(record));
  }
  return records;
}

std::optional<std::size_t> CsvTable::index_of(std::string_view column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

const std::string& CsvTable::text(std::size_t row, std::string_view column) const {
  static const std::string nothing;
  const std::optional<std::size_t> index = index_of(column);
  return index ? rows[row][*index] : nothing;
}

std::optional<double> CsvTable::number(std::size_t row, std::string_view column) const {
  const std::optional<double> value = parsed(text(row, column));
  return value && std::isfinite(*value) ? value : std::nullopt;
}

CsvTable parse_csv(std::string_view text, const std::string& name, std::vector<std::string>& problems) {
  std::vector<std::vector<std::string>> records = csv_records(text);
  CsvTable table;
  if (records.empty()) return table;
  table.columns = std::move(records.front());
  std::size_t torn = 0;
  for (std::size_t k = 1; k < records.size(); ++k) {
    if (records[k].size() == table.columns.size()) {
      table.rows.push_back(std::move(records[k]));
    } else if (records[k].size() > 1 || !records[k].front().empty()) {
      ++torn;
    }
  }
  if (torn > 0) {
    problems.push_back(
        fmt::format("{}: {} row(s) have another number of fields than the header and are left out", name, torn));
  }
  note_non_finite(table, name, problems);
  return table;
}

std::string csv_number(const std::optional<double>& value) { return value ? fmt::format("{:.9g}", *value) : ""; }

}  // namespace ra
