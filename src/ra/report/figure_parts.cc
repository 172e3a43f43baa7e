#include "ra/report/figure_parts.h"

#include <utility>

namespace ra {

Json palette() { return {"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"}; }

Json base_spec(Json values, int height) {
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"width", "container"},
          {"height", height},
          {"data", {{"values", std::move(values)}}}};
}

Json quantitative(const std::string& field, const std::string& title) {
  return {{"field", field}, {"type", "quantitative"}, {"title", title}};
}

Json unit_axis(const std::string& field, const std::string& title) {
  Json channel = quantitative(field, title);
  channel["scale"] = {{"domain", {0, 1}}};
  return channel;
}

Json nominal(const std::string& field, const std::string& title) {
  return {{"field", field}, {"type", "nominal"}, {"title", title}};
}

Json legend_on_top(Json channel) {
  channel["legend"] = {{"orient", "top"}, {"title", nullptr}, {"columns", 3}};
  return channel;
}

std::set<std::string> texts_of(const Json& values, const char* field) {
  std::set<std::string> texts;
  for (const Json& row : values) texts.insert(text_of(row, field));
  return texts;
}

}  // namespace ra
