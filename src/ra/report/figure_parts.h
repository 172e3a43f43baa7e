#pragma once

#include <set>
#include <string>

#include "ra/report/page_files.h"

namespace ra {

// Pieces of Vega-Lite specifications that the figures of a report share.

// Okabe and Ito's palette without black, which is lost on a dark page, in an order of falling contrast.
Json palette();

// A specification without marks over rows of values, as wide as its place and `height` pixels high.
Json base_spec(Json values, int height);

// Channels of an encoding.
Json quantitative(const std::string& field, const std::string& title);
Json unit_axis(const std::string& field, const std::string& title);  // from 0 to 1
Json nominal(const std::string& field, const std::string& title);
Json legend_on_top(Json channel);

// The texts that a field has in rows of values.
std::set<std::string> texts_of(const Json& values, const char* field);

}  // namespace ra
