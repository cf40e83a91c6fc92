from sympy import sqrt, symbols

x0, x1 = symbols("x:2")
t1 = (sqrt(2)/2)*x0
t2 = (sqrt(2)/2)*x1
t3 = t1 - t2
t4 = t1 + t2
t5 = 0.12345678901230001*t3
t6 = t4 + t5
t7 = (sqrt(2)/2)*t6
t8 = t7 - t3
y0 = t7
y1 = 0
y2 = t8 + x1
y3 = t3
