// The kinds of chart that pages draw, and nothing else of the library: half its size on a slow line.
import { init, use } from "echarts/core";
import { BarChart, HeatmapChart, LineChart, RadarChart } from "echarts/charts";
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  RadarComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([
  AriaComponent,
  BarChart,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  RadarChart,
  RadarComponent,
  SVGRenderer,
  TooltipComponent,
  VisualMapContinuousComponent,
]);

window.echarts = { init };
