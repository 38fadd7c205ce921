// Runs the public tree search neo-pan/mcts_tsp (MIT) without Python on one instance, and counts its actions.
//
//   g++ -O3 -I PATH_OF_MCTS_TSP/src/code bench/peers/tour/mcts_tsp_driver.cpp -o mcts_tsp_driver
//   mcts_tsp_driver INPUT ALPHA BETA H T C_MAX USE_HEATMAP D_MAX
//
// INPUT is text: N, N lines "x y" in the unit square, the number of heatmap entries, lines "i j p" from 0. T is in seconds per city.
// Prints one JSON line: length (double precision), seconds, actions, evaluations (actions and 2-opt evaluations), restarts. Only the
// entry points of the peer are used; its loop over episodes is written out here so that actions can be told from 2-opt evaluations.
#include "TSP_Markov_Decision.h"

int main(int count, char** words) {
  if (count != 9) {
    std::cerr << "mcts_tsp_driver INPUT ALPHA BETA H T C_MAX USE_HEATMAP D_MAX\n";
    return 2;
  }
  std::ifstream in(words[1]);
  int cities = 0;
  if (!(in >> cities) || cities < 8) {
    std::cerr << words[1] << ": no instance\n";
    return 2;
  }
  srand(Random_Seed);
  Temp_City_Num = City_Num = Virtual_City_Num = cities;
  Start_City = 0;
  Salesman_Num = 1;
  Alpha = std::atof(words[2]);
  Beta = std::atof(words[3]);
  Param_H = std::atof(words[4]);
  Param_T = std::atof(words[5]);
  Max_Candidate_Num = std::atoi(words[6]);
  Candidate_Use_Heatmap = std::atoi(words[7]);
  Max_Depth = std::atoi(words[8]);
  Allocate_Memory(cities);
  for (int i = 0; i < cities; ++i) {
    in >> Coordinate_X[i] >> Coordinate_Y[i];
    Coordinate_X[i] *= Magnify_Rate;
    Coordinate_Y[i] *= Magnify_Rate;
    for (int j = 0; j < cities; ++j) Edge_Heatmap[i][j] = 0;
  }
  long entries = 0;
  in >> entries;
  for (long k = 0; k < entries; ++k) {
    int i = 0, j = 0;
    double p = 0;
    in >> i >> j >> p;
    Edge_Heatmap[i][j] += static_cast<float>(p / 2);  // the peer's own front end averages with the transpose
    Edge_Heatmap[j][i] += static_cast<float>(p / 2);
  }
  if (!in) {
    std::cerr << words[1] << ": ends too early\n";
    return 2;
  }
  Calculate_All_Pair_Distance();
  Current_Instance_Begin_Time = std::chrono::steady_clock::now();
  Current_Instance_Best_Distance = Inf_Cost;
  Identify_Candidate_Set();
  long actions = 0, restarts = 0;
  MCTS_Init();
  do {
    Generate_Initial_Solution();
    Local_Search_by_2Opt_Move();
    const int before = Total_Simulation_Times;
    MCTS();
    actions += Total_Simulation_Times - before;
    ++restarts;
  } while (Get_Elapsed_Time(Current_Instance_Begin_Time) < Param_T * cities);
  Restore_Best_Solution();
  const double seconds = Get_Elapsed_Time(Current_Instance_Begin_Time);
  const double length = Get_Current_Solution_Double_Distance() / Magnify_Rate;
  std::cout.precision(12);
  std::cout << "{\"length\": " << length << ", \"seconds\": " << seconds << ", \"actions\": " << actions
            << ", \"evaluations\": " << Total_Simulation_Times << ", \"restarts\": " << restarts << "}\n";
}
