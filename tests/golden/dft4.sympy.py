from sympy import I, symbols

x0, x1, x2, x3 = symbols("x:4")
t1 = x0 + x2
t2 = x0 - x2
t3 = x1 + x3
t4 = x1 - x3
y0 = t1 + t3
y1 = t2 - I*t4
y2 = t1 - t3
y3 = t2 + I*t4
